// Package watch reads the sources of a place's directory and tells when they
// change, for hot reload.
//
//	events, poll → debounce → walk → read → compare → changed(snapshot, files)
//
// [Read] gives a [Snapshot]: every file that counts ([Sources], or the patterns
// given) with its content. A [Watcher] takes one again after each burst of
// changes and calls back when it differs from the one before. What the system
// says about a change is only taken as a hint to look: the callback is about
// contents, so that a touch, a rewrite with the same bytes or a change that was
// taken back is none. The package knows neither Lua nor places, only files.
//
// # What is watched
//
// Directories, never files: an editor that renames a new file over the old one
// would take the watch with it. A directory is watched before it is listed, so
// that nothing falls between. Besides the directories of sources these are the
// parents of the place's directory and of every symbolic link passed on the way,
// for links that are swapped and directories that are removed and made again. If
// the system drops events, everything is looked at again. Every few seconds
// ([Config.Poll]) the files are looked at in any case, which finds what no event
// told: network file systems, mounts, a moved directory three levels up. Where
// there are no events to be had, that alone remains.
//
// # Symbolic links
//
// The directory itself, and any directory on the way to it, may be a link; a
// snapshot never mixes files from before and after its swap. Links within the
// directory are followed as long as they stay in it. One that leads out of it is
// refused, since the place is the directory: it becomes a [Problem] of the
// snapshot, as does one that leads nowhere or round in a circle.
//
// # Large files
//
// A Watcher with Marks, for files such as models, goes by size and time of change and
// reads nothing.
//
// # Half a file
//
// A file that has just become empty is not believed to be before [Config.AtMost] is
// over: most editors and tools empty a file before they write it again.
//
// A change is read 15 ms after the last event, and at most 200 ms after the
// first. A writer slower than that has its file read half written; a callback
// with the whole one follows. A place that cannot run the half keeps what it runs.
package watch
