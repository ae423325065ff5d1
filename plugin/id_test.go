package plugin_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/plugin"
)

func TestIDInJSON(t *testing.T) {
	for text, id := range map[string]plugin.ID{
		`1`:                    plugin.Num(1),
		`9007199254740993`:     plugin.Num(1<<53 + 1),
		`9223372036854775807`:  plugin.Num(1<<63 - 1),
		`18446744073709551615`: plugin.Num(1<<64 - 1),
		`"alice"`:              plugin.Str("alice"),
		`"1234"`:               plugin.Str("1234"),
		`"a \"b\" ü"`:          plugin.Str(`a "b" ü`),
	} {
		var got plugin.ID
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != id {
			t.Errorf("%s was decoded into %#v, %v; want %#v", text, got, err, id)
		}
		if got, err := json.Marshal(id); err != nil || string(got) != text {
			t.Errorf("%#v was encoded as %s, %v; want %s", id, got, err, text)
		}
	}
}

func TestUnsetIDInJSON(t *testing.T) {
	type fields struct {
		Mandatory plugin.ID `json:"mandatory"`
		Optional  plugin.ID `json:"optional,omitzero"`
	}
	got, err := json.Marshal(fields{})
	if want := `{"mandatory":0}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	set := fields{plugin.Num(1), plugin.Str("a")}
	if err := json.Unmarshal([]byte(`{"mandatory":null}`), &set); err != nil || set.Mandatory != plugin.Num(1) {
		t.Errorf("a null changed the ID to %v, %v", set.Mandatory, err)
	}
	if err := json.Unmarshal([]byte(`{"mandatory":0,"optional":""}`), &set); err != nil || set != (fields{}) {
		t.Errorf("0 and an empty string were decoded into %+v, %v", set, err)
	}
}

func TestInvalidIDInJSON(t *testing.T) {
	for _, text := range []string{
		`-1`, `1.5`, `1.0`, `1e3`, `18446744073709551616`, `true`, `{}`, `[1]`, `"\ud800`, `"a`, ``,
	} {
		id := plugin.Num(7)
		if err := id.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s was decoded into %v", text, id)
		}
		if id != plugin.Num(7) {
			t.Errorf("%s changed the ID to %v", text, id)
		}
	}
	var id plugin.ID
	if err := json.Unmarshal([]byte(`1.5`), &id); err == nil || !strings.Contains(err.Error(), "1.5") {
		t.Errorf("the error is %v, want one that shows the value", err)
	}
}

func TestIDInText(t *testing.T) {
	for text, id := range map[string]plugin.ID{
		"":                     {},
		"1":                    plugin.Num(1),
		"9007199254740993":     plugin.Num(1<<53 + 1),
		"18446744073709551615": plugin.Num(1<<64 - 1),
		"18446744073709551616": plugin.Str("18446744073709551616"),
		"alice":                plugin.Str("alice"),
		"0":                    plugin.Str("0"),
		"007":                  plugin.Str("007"),
		"-1":                   plugin.Str("-1"),
		"+1":                   plugin.Str("+1"),
	} {
		var got plugin.ID
		if err := got.UnmarshalText([]byte(text)); err != nil || got != id {
			t.Errorf("%q was decoded into %#v, %v; want %#v", text, got, err, id)
		}
		if got, err := id.MarshalText(); err != nil || string(got) != text {
			t.Errorf("%#v was encoded as %q, %v; want %q", id, got, err, text)
		}
		if id.String() != text {
			t.Errorf("String of %#v is %q, want %q", id, id, text)
		}
	}
	// The text of a string of digits is that of a number.
	var id plugin.ID
	text, err := plugin.Str("12").MarshalText()
	if err == nil {
		err = id.UnmarshalText(text)
	}
	if err != nil || id != plugin.Num(12) {
		t.Errorf("got %#v, %v", id, err)
	}
}

func TestIDIsComparable(t *testing.T) {
	one, a := plugin.Num(1), plugin.Str("a")
	if one != plugin.Num(1) || a != plugin.Str("a") {
		t.Error("equal IDs differ")
	}
	if plugin.Num(1) == plugin.Num(2) || plugin.Num(1) == plugin.Str("1") || plugin.Str("a") == plugin.Str("b") {
		t.Error("different IDs are equal")
	}
}

func TestIDAsMapKey(t *testing.T) {
	names := map[plugin.ID]string{
		plugin.Num(1<<53 + 1): "number",
		plugin.Num(1<<53 + 2): "next number",
		plugin.Str("alice"):   "string",
	}
	raw, err := json.Marshal(names)
	want := `{"9007199254740993":"number","9007199254740994":"next number","alice":"string"}`
	if err != nil || string(raw) != want {
		t.Fatalf("got %s, %v; want %s", raw, err, want)
	}
	// The keys of JSON objects are strings, and so are the IDs made of them.
	var back map[plugin.ID]string
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	for id, name := range names {
		if back[plugin.Str(id.String())] != name {
			t.Errorf("%v became %q, want %q", id, back[plugin.Str(id.String())], name)
		}
	}
	if len(back) != len(names) {
		t.Errorf("got %v", back)
	}
}

func TestIDKinds(t *testing.T) {
	for _, test := range []struct {
		id      plugin.ID
		zero    bool
		number  uint64
		numeric bool
	}{
		{plugin.ID{}, true, 0, false},
		{plugin.Num(0), true, 0, false},
		{plugin.Str(""), true, 0, false},
		{plugin.Num(5), false, 5, true},
		{plugin.Str("5"), false, 0, false},
	} {
		if test.id.IsZero() != test.zero {
			t.Errorf("IsZero of %#v is %v", test.id, test.id.IsZero())
		}
		if n, ok := test.id.Uint64(); n != test.number || ok != test.numeric {
			t.Errorf("Uint64 of %#v is %d, %v", test.id, n, ok)
		}
	}
}
