package acl

import "fmt"

// ask gives who can answer a question about an entity, or notes why nobody can.
// After an error nothing is asked: its answer would count for nothing.
func (f *frame) ask(operation string, entity any) (Env, string, bool) {
	id, ok := f.text(operation, entity)
	if !ok || f.err != nil || f.failure != nil {
		return nil, "", false
	}
	if f.env == nil {
		f.fail(fmt.Errorf("%s: %w", operation, ErrNoEnv))
		return nil, "", false
	}
	return f.env, id, true
}

// answered notes an error of the environment, and tells if there is none.
func (f *frame) answered(operation string, err error) bool {
	if err != nil {
		f.fail(fmt.Errorf("%s: %w", operation, err))
	}
	return err == nil
}

func (f *frame) owner(entity any) any { return f.named("owner", entity, Env.Owner) }

func (f *frame) verified(entity any) any { return f.named("verified", entity, Env.Verified) }

// named asks for something about an entity that has a name; nil where there is none.
func (f *frame) named(operation string, entity any, name func(Env, string) (string, error)) any {
	env, id, ok := f.ask(operation, entity)
	if !ok {
		return nil
	}
	answer, err := name(env, id)
	if !f.answered(operation, err) || answer == "" {
		return nil
	}
	return answer
}

func (f *frame) owns(entity, other any) bool { return f.related("owns", entity, other, Env.Owns) }

func (f *frame) offered(entity, to any) bool { return f.related("offered", entity, to, Env.Offered) }

// related asks whether something holds between two entities.
func (f *frame) related(operation string, entity, other any, holds func(Env, string, string) (bool, error)) bool {
	second, ok := f.text(operation, other)
	env, id, asked := f.ask(operation, entity)
	if !ok || !asked {
		return false
	}
	yes, err := holds(env, id, second)
	return f.answered(operation, err) && yes
}

func (f *frame) bound(entity any) bool {
	env, id, ok := f.ask("bound", entity)
	if !ok {
		return false
	}
	yes, err := env.Bound(id)
	return f.answered("bound", err) && yes
}

func (f *frame) identity(entity any) any {
	env, id, ok := f.ask("identity", entity)
	if !ok {
		return nil
	}
	return f.object("identity", func() (map[string]any, error) { return env.Identity(id) })
}

func (f *frame) component(entity, name any) any {
	component, ok := f.text("component", name)
	env, id, asked := f.ask("component", entity)
	if !ok || !asked {
		return nil
	}
	if r, ok := env.(Reader); ok {
		return f.partOf(r, id, component)
	}
	return f.object("component", func() (map[string]any, error) { return env.Component(id, component) })
}

// object gives an answer that is a map, or nil.
func (f *frame) object(operation string, answer func() (map[string]any, error)) any {
	object, err := answer()
	if !f.answered(operation, err) || object == nil {
		return nil
	}
	return object
}
