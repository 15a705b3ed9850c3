package main

import "syscall"

// mount makes a directory a file system in memory.
func mount(dir, options string, flags uintptr) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", flags, options)
}

func unmount(dir string) error { return syscall.Unmount(dir, syscall.MNT_DETACH) }

// remountReadOnly makes such a directory read-only, or not any more.
func remountReadOnly(dir string, readOnly bool) error {
	flags := uintptr(syscall.MS_REMOUNT)
	if readOnly {
		flags |= syscall.MS_RDONLY
	}
	return syscall.Mount("tmpfs", dir, "tmpfs", flags, "")
}
