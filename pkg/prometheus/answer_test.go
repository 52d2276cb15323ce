package prometheus

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
)

func decodeAll(text string) (all []chunk, warnings []string, err error) {
	warnings, err = decodeData(strings.NewReader(text), func(d *json.Decoder) error {
		var wire series
		if err := d.Decode(&wire); err != nil {
			return err
		}
		values, err := points(wire.Values, nil)
		all = append(all, chunk{wire.Metric, values})
		return err
	})
	return all, warnings, err
}

func TestKeysInAnyOrder(t *testing.T) {
	all, warnings, err := decodeAll(`{"isPartial":false,"warnings":["w"],"data":{"result":[{"values":[[1700000000.5,"1.5"],[1700000060,"NaN"],[1700000120,"+Inf"],[1700000180,"1e9"]],
		"metric":{"pod":"p"}}],"stats":{"x":[1]},"resultType":"matrix"},"infos":["i"],"status":"success"}`)
	if err != nil || len(warnings) != 1 || len(all) != 1 || all[0].labels["pod"] != "p" {
		t.Fatalf("%v %v %v", all, warnings, err)
	}
	p := all[0].points
	if len(p) != 4 || p[0] != (Point{1700000000500, 1.5}) || !math.IsNaN(p[1].Value) || !math.IsInf(p[2].Value, 1) || p[3].Value != 1e9 {
		t.Errorf("got %v", p)
	}
}

func TestAnswersThatAreWrong(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{"status":"success","data":{"result":[{"values":[[1]]}]}}`, `{"status":"success","data":{"result":7}}`, `{"status":"success","data":8}`,
		`{"status":"success","data":{"result":[{"values":[[1,"x"]]}]}}`, `{"status":"success","data":{"result":[`, `{"data":{"result":[]}}`, `{"status":"error","error":"no"}`,
	} {
		if _, _, err := decodeAll(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	if _, _, err := decodeAll(`{"status":"success","data":null}`); err != nil {
		t.Error(err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"pod":"p"},"values":[[1700000000.5,"1.5"]]}]}}`)
	f.Add(`{"status":"error","error":"no","errorType":"execution","warnings":["w"]}`)
	f.Add(`{"status":"success","data":["a",{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if _, _, err := decodeAll(text); err == nil && json.NewDecoder(strings.NewReader(text)).Decode(new(any)) != nil {
			t.Errorf("accepted %q", text)
		}
	})
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", "1700000000.5", "0.1", "-3", "1e9", "NaN", "+Inf", "", ".", "1.2.3", "123456789012345678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := number([]byte(s))
		want, err := strconv.ParseFloat(s, 64)
		if err == nil && (!ok || got != want && !(math.IsNaN(got) && math.IsNaN(want))) {
			t.Errorf("%q: %v %v, want %v", s, got, ok, want)
		}
		if err != nil && ok && !math.IsInf(want, 0) && s != "" && strings.Trim(s, "0123456789.") != "" {
			t.Errorf("%q: accepted", s)
		}
	})
}
