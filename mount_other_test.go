//go:build !linux

package main

import "errors"

func mount(string, string, uintptr) error { return errors.ErrUnsupported }

func unmount(string) error { return nil }

func remountReadOnly(string, bool) error { return errors.ErrUnsupported }
