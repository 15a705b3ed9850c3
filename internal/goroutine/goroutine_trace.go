package goroutine

import (
	"bytes"
	"runtime"
	"strconv"
)

// traced reads the number in a stack trace: "goroutine 7 [running]:".
func traced() ID {
	var buf [64]byte
	line := buf[:runtime.Stack(buf[:], false)]
	number, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte("goroutine ")), []byte(" "))
	id, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		panic("goroutine: a stack trace begins with " + strconv.Quote(string(line)))
	}
	return ID(id)
}
