package main

// This file eats memory.

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const mib = 1 << 20

// await returns when a file of that name is there; at once for the empty name.
func await(file string) {
	for file != "" {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(time.Second / 2)
	}
}

// hold maps and touches so many MiB, outside of Go's heap, and keeps them.
func hold(size, rate int) {
	debug.SetGCPercent(-1)
	for done := 1; done <= size; done++ {
		block, err := syscall.Mmap(-1, 0, mib, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			fmt.Fprintln(os.Stderr, "mmap:", err)
			return
		}
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		if done%16 == 0 || done == size {
			fmt.Printf("holding %d MiB\n", done)
		}
		if rate > 0 {
			time.Sleep(time.Second / time.Duration(rate))
		}
	}
}

// fill writes PATH=MIB and reads it back.
func fill(spec string) error {
	path, size, _ := strings.Cut(spec, "=")
	n, err := strconv.Atoi(size)
	if err != nil {
		return fmt.Errorf("-file %s: %w", spec, err)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, mib)
	for range n {
		if _, err := f.Write(block); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, f)
	fmt.Printf("wrote and read %d MiB in %s\n", n, path)
	return err
}

// readAgain reads the file of PATH=MIB from its beginning to its end every other second.
func readAgain(spec string) {
	path, _, _ := strings.Cut(spec, "=")
	for ; ; time.Sleep(2 * time.Second) {
		f, err := os.Open(path)
		if err == nil {
			_, err = io.Copy(io.Discard, f)
			f.Close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
	}
}
