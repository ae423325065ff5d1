package plugin

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// ID identifies a room, a participant, a mountpoint and the like. Whether it is
// a number or a string is up to the configuration of the plugin (string_ids).
// IDs can be compared with == and used as keys of maps. The zero ID is unset,
// and is left out of requests where it is optional.
type ID struct {
	num uint64
	str string
}

// Num returns a numeric ID. Janus accepts 1 to 2^63-1.
func Num(n uint64) ID { return ID{num: n} }

// Str returns a string ID.
func Str(s string) ID { return ID{str: s} }

// IsZero reports whether the ID is unset.
func (id ID) IsZero() bool { return id == ID{} }

// Uint64 returns the number, or false if the ID is a string or unset.
func (id ID) Uint64() (uint64, bool) { return id.num, id.num != 0 }

// String returns the number in decimal or the string. It is empty if the ID is
// unset.
func (id ID) String() string {
	if id.num != 0 {
		return strconv.FormatUint(id.num, 10)
	}
	return id.str
}

// MarshalJSON returns a JSON number or a JSON string. An ID that is unset is the
// number 0.
func (id ID) MarshalJSON() ([]byte, error) {
	if id.str != "" {
		return json.Marshal(id.str)
	}
	return strconv.AppendUint(nil, id.num, 10), nil
}

// UnmarshalJSON accepts a JSON number without a fraction or a JSON string. A
// null leaves the ID as it is. The keys of a JSON object are strings: those of a
// map[ID]T are decoded into string IDs, even if they were numbers.
func (id *ID) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*id = Str(s)
		return nil
	}
	n, err := strconv.ParseUint(string(b), 10, 64)
	if err != nil {
		return fmt.Errorf("plugin: id %s is neither an unsigned integer nor a string", b)
	}
	*id = Num(n)
	return nil
}

// MarshalText returns what String returns.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText makes a numeric ID of decimal digits, if they fit into 64 bits,
// and a string ID of any other text. The text of a string ID that consists of
// digits therefore becomes a number.
func (id *ID) UnmarshalText(text []byte) error {
	if n, err := strconv.ParseUint(string(text), 10, 64); err == nil && text[0] != '0' {
		*id = Num(n)
		return nil
	}
	*id = Str(string(text))
	return nil
}
