package plugtest

import (
	"encoding/json"
	"reflect"

	"github.com/cameronelliott/janus-go/plugin"
)

// filler is what Fill sets strings to.
const filler = "text"

// Fill sets all fields of the struct that v points to, except those that are
// not in its JSON.
func Fill(v any) { fill(reflect.ValueOf(v).Elem()) }

func fill(v reflect.Value) {
	switch special := v.Addr().Interface().(type) {
	case *plugin.ID:
		*special = plugin.Num(7)
		return
	case *json.RawMessage:
		*special = json.RawMessage(`{"a":1}`)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(filler)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(7)
	case reflect.Interface:
		v.Set(reflect.ValueOf("anything"))
	default:
		panic("plugtest: cannot fill a " + v.Type().String())
	}
}

// Paths returns the names of all members of a JSON value, those of objects in
// objects and arrays included: "streams", "streams.type".
func Paths(v any) map[string]bool {
	paths := map[string]bool{}
	addPaths(paths, "", v)
	return paths
}

func addPaths(paths map[string]bool, prefix string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			paths[prefix+name] = true
			addPaths(paths, prefix+name+".", value)
		}
	case []any:
		for _, value := range v {
			addPaths(paths, prefix, value)
		}
	}
}
