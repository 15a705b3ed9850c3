package acl

// part is a component of which only what is asked for is read. To guards it is a map.
type part struct {
	frame        *frame
	entity, name string
}

// bytesPerStep is how many bytes of components count as one of [MaxSteps] when they are read.
const bytesPerStep = 8

func (f *frame) read(operation string, bytes int, err error) (ok bool) {
	f.work -= work(1 + bytes/bytesPerStep)
	return f.answered(operation, err) && f.work >= 0
}

// partOf returns a component to be read as far as need be, nil if there is none.
func (f *frame) partOf(r Reader, entity, name string) any {
	has, err := r.Has(entity, name)
	if !f.answered("component", err) || !has {
		return nil
	}
	return &part{f, entity, name}
}

// get returns what stands under a key.
func (p *part) get(key string) (v any, ok bool) {
	v, bytes, ok, err := p.frame.env.(Reader).Field(p.entity, p.name, key)
	return v, p.frame.read("component", bytes, err) && ok
}

// whole returns all of it, nil where that is too much work.
func (p *part) whole() map[string]any {
	bytes, err := p.frame.env.(Reader).Size(p.entity, p.name)
	if !p.frame.read("component", bytes, err) {
		return nil
	}
	all, err := p.frame.env.Component(p.entity, p.name)
	p.frame.answered("component", err)
	return all
}

// plain returns a value as JSON decodes to it.
func plain(v any) any {
	if p, ok := v.(*part); ok {
		return p.whole()
	}
	return v
}
