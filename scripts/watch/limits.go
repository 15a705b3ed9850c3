package watch

import "errors"

// What one snapshot holds at most. Beyond, it has a [Problem] instead of the file
// or directory. They are far above what a place needs and there for a directory
// given by mistake, such as somebody's home.
const (
	// MaxFiles is the number of files.
	MaxFiles = 1024
	// MaxFileBytes is the size of one file.
	MaxFileBytes = 1 << 20
	// MaxTotalBytes is the size of all files together.
	MaxTotalBytes = 16 << 20
	// MaxFolders is the number of directories looked into.
	MaxFolders = 256
	// MaxFolderEntries is the number of names in one directory, of whatever kind.
	MaxFolderEntries = 8192
	// MaxDepth is the number of directories one inside the other.
	MaxDepth = 16
)

// Why a file or directory could not be taken into a snapshot, for errors.Is on
// [Problem] and [Snapshot.Err]. Errors of the file system come as they are.
var (
	ErrLimit      = errors.New("more than is allowed")
	ErrOutside    = errors.New("a link that leads out of the place's directory; copy the file into it")
	ErrCircle     = errors.New("a link that leads round in a circle")
	ErrNotRegular = errors.New("not a regular file")
)
