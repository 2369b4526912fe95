// Prints the plan of devices as JSON, by cgo: plan WORD... as `tenon plan` takes them.
//
//	go run plan.go WORD...
package main

// #cgo pkg-config: libtenon
// #include <stdlib.h>
// #include <tenon/libtenon.h>
import "C"

import (
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// failure turns an error of the library into one of Go's, and frees it.
func failure(cause *C.tenon_error) error {
	defer C.tenon_error_free(cause)
	return errors.New(C.GoString(C.tenon_error_text(cause)))
}

// plan gives the JSON of a plan, and whether it can be carried out.
func plan(words []string) (string, bool, error) {
	list := make([]*C.char, len(words)+1) // One more: there is a first one to point at.
	for n, word := range words {
		list[n] = C.CString(word)
		defer C.free(unsafe.Pointer(list[n]))
	}
	var cause *C.tenon_error
	made := C.tenon_plan_make(&list[0], C.size_t(len(words)), &cause)
	if made == nil {
		return "", false, failure(cause)
	}
	defer C.tenon_plan_free(made)
	text := C.tenon_plan_json(made, &cause)
	if text == nil {
		return "", false, failure(cause)
	}
	defer C.tenon_text_free(text)
	return C.GoString(text), C.tenon_plan_assignable(made) == 1, nil
}

func main() {
	json, assignable, err := plan(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "tenon:", err)
		os.Exit(2)
	}
	fmt.Print(json)
	if !assignable {
		os.Exit(1)
	}
}
