// Package lib has the Lua API of a place: one type and one file per namespace, or per kind of
// value that scripts hold.
//
//	place.name, hears, entity, entities, agents, spawn, time   place.go
//	place.scene                                                scene.go
//	place.on, and what components are told                     events.go
//	place.before, handle, default, and loci.Request            request.go
//	place.publish, subscribe, and loci.Subscription            publication.go
//	place.after, every, and loci.Timer                         timer.go
//	place.task, wait, and loci.Task                            task.go
//	place.asset, push_asset                                    asset.go
//	place.state, store, log, json                              state.go store.go log.go json.go
//	entity:move and other methods; fields and components       entity_methods.go entity.go
//	entity.lamp, and what is in it                             part.go nested.go part_write.go lists.go
//	agent:kick and other methods, and fields                   agent.go
//	components/NAME.lua                                        component.go
//	acl.lua                                                    rules.go
//
// # A new Lua function
//
// It goes into the file of its namespace: a method, and its entry in the namespace's functions
// or Class with name, signature, description and price. The runtime registers it from there, and
// go generate ./scripts writes it into the reference; editors and loci check know it at once. A
// function of the place's turn begins with NeedsPlace, or with Changes if it changes something.
// A new namespace is a type with an [Env], which [New] makes.
//
// The package decides nothing about who runs and who waits: that is package sched's. It does not
// load or watch files: that is package scripts'.
package lib
