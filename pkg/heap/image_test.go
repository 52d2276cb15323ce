package heap

import "testing"

func TestBlind(t *testing.T) {
	for image, want := range map[string]string{ // the release that sees, for those that do not
		"node:18":                                "20.3.0",
		"docker.io/library/node:18.16.0-alpine":  "20.3.0",
		"registry.example:5000/mirror/node:16-a": "20.3.0",
		"node:20.2.0":                            "20.3.0",
		"node:20.3.0":                            "",
		"node:20-alpine":                         "",
		"node:22":                                "",
		"node:lts":                               "",
		"node":                                   "",
		"node@sha256:0123":                       "",
		"registry.example:5000/node":             "",
		"my-node:18":                             "",
		"openjdk:8u212-jre":                      "8u372",
		"eclipse-temurin:8u372-b07-jre":          "",
		"eclipse-temurin:8-jre":                  "",
		"openjdk:11.0.11-jre-slim":               "11.0.16",
		"eclipse-temurin:11.0.16_8-jre":          "",
		"openjdk:11":                             "",
		"openjdk:14-alpine":                      "15",
		"openjdk:13.0.2":                         "15",
		"eclipse-temurin:17.0.2_8":               "",
		"amazoncorretto:21":                      "",
		"":                                       "",
	} {
		_, sees, blind := Blind(image)
		if !blind {
			sees = ""
		}
		if sees != want {
			t.Errorf("%s: sees from %q on, want %q", image, sees, want)
		}
	}
}
