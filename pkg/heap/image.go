package heap

// This file knows which releases of a runtime size themselves by the host on cgroup v2, because they only know v1.

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	nodeTag  = regexp.MustCompile(`^v?([0-9]+)(?:\.([0-9]+))?(?:[.-].*)?$`)
	java8Tag = regexp.MustCompile(`^(?:8|1\.8\.0)[u_]([0-9]+)`)
	javaTag  = regexp.MustCompile(`^([0-9]+)(?:\.0\.([0-9]+))?(?:[._+-].*)?$`)
)

// Blind tells of an image by its name and tag whether its runtime does not see the limit on cgroup v2, and from which release on it does:
// Node.js from 20.3.0 (libuv 1.45), Java from 8u372, 11.0.16 and 15 (JDK-8230305 and its backports). A tag that does not say enough is not
// called blind.
func Blind(image string) (r Runtime, sees string, blind bool) {
	image, _, _ = strings.Cut(image, "@")
	name, tag, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	switch name {
	case "node":
		if m := nodeTag.FindStringSubmatch(tag); m != nil {
			major, minor := number(m[1]), number(m[2])
			return NodeJS, "20.3.0", major < 20 || major == 20 && m[2] != "" && minor < 3
		}
	case "openjdk", "eclipse-temurin", "adoptopenjdk", "amazoncorretto":
		if m := java8Tag.FindStringSubmatch(tag); m != nil {
			return JVM, "8u372", number(m[1]) < 372
		}
		if m := javaTag.FindStringSubmatch(tag); m != nil {
			major := number(m[1])
			return JVM, map[bool]string{true: "11.0.16", false: "15"}[major == 11], major == 11 && m[2] != "" && number(m[2]) < 16 || major > 11 && major < 15
		}
	}
	return "", "", false
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
