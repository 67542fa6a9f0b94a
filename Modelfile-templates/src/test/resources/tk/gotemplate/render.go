// Renders prompt templates with Go's text/template in Ollama's two ways.
//
// Usage: go run render.go CASES OUTPUT
// CASES: [{"template": ..., "messages": [{"role":…,"content":…,"tool_calls":…}], "tools": […], "think": true|false|null}]
// OUTPUT: the same with "expected" or "error" in each.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
	"text/template/parse"
)

// A list or map of these prints as JSON.
type Tools []Tool
type Arguments map[string]any
type Properties map[string]Property
type Types []string

func text(v any) string             { b, _ := json.Marshal(v); return string(b) }
func (t Tools) String() string      { return text(t) }
func (a Arguments) String() string  { return text(a) }
func (p Properties) String() string { return text(p) }

func (t Types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

func (t *Types) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = Types{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

func (t Types) String() string {
	if len(t) == 0 {
		return ""
	}
	if len(t) == 1 {
		return t[0]
	}
	return fmt.Sprint([]string(t))
}

type Property struct {
	AnyOf       []Property `json:"anyOf,omitempty"`
	Type        Types      `json:"type,omitempty"`
	Items       any        `json:"items,omitempty"`
	Description string     `json:"description,omitempty"`
	Enum        []any      `json:"enum,omitempty"`
	Properties  Properties `json:"properties,omitempty"`
	Required    []string   `json:"required,omitempty"`
}

type Parameters struct {
	Type       string     `json:"type"`
	Defs       any        `json:"$defs,omitempty"`
	Items      any        `json:"items,omitempty"`
	Required   []string   `json:"required,omitempty"`
	Properties Properties `json:"properties"`
}

type Tool struct {
	Type     string `json:"type"`
	Items    any    `json:"items,omitempty"`
	Function struct {
		Name        string     `json:"name"`
		Description string     `json:"description"`
		Parameters  Parameters `json:"parameters"`
	} `json:"function"`
}

// Call is a call as a request has it; ToolCall, as templates see it, has no names for JSON.
type Call struct {
	ID       string
	Function struct {
		Name      string
		Arguments Arguments
	}
}

type ToolCall struct {
	ID       string
	Function Function
}

type Function struct {
	Index     int
	Name      string
	Arguments Arguments
}

type Message struct {
	Role       string
	Content    string
	Thinking   string
	Images     []string
	ToolCalls  []ToolCall
	ToolName   string
	ToolCallID string
}

type Given struct {
	Role    string `json:"role"`
	Content string `json:"content"`
	Name    string `json:"name,omitempty"`
	CallID  string `json:"tool_call_id,omitempty"`
	Calls   []Call `json:"tool_calls,omitempty"`
}

func (g Given) message() *Message {
	m := &Message{Role: g.Role, Content: g.Content, ToolName: g.Name, ToolCallID: g.CallID}
	for i, c := range g.Calls {
		m.ToolCalls = append(m.ToolCalls, ToolCall{c.ID, Function{i, c.Function.Name, c.Function.Arguments}})
	}
	return m
}

func mapped(t string) string {
	switch t {
	case "string", "boolean", "null":
		return t
	case "number", "integer":
		return "number"
	case "array":
		return "any[]"
	case "object":
		return "Record<string, any>"
	}
	return "any"
}

func typeScript(v any) string {
	p, ok := v.(Property)
	var words []string
	for _, choice := range p.AnyOf {
		words = append(words, typeScript(choice))
	}
	for i := 0; i < len(p.Type) && len(p.AnyOf) == 0; i++ {
		words = append(words, mapped(p.Type[i]))
	}
	if !ok || len(words) == 0 {
		return "any"
	}
	return strings.Join(words, " | ")
}

type Case struct {
	Name     string            `json:"name,omitempty"`
	Template string            `json:"template"`
	Messages []json.RawMessage `json:"messages"`
	Tools    json.RawMessage   `json:"tools,omitempty"`
	Think    *bool             `json:"think,omitempty"`
	Expected *string           `json:"expected,omitempty"`
	Error    string            `json:"error,omitempty"`
}

var funcs = template.FuncMap{
	"json":             text,
	"currentDate":      func(...string) string { return "2026-02-03" },
	"yesterdayDate":    func(...string) string { return "2026-02-02" },
	"toTypeScriptType": typeScript,
}

func mentions(n parse.Node, name string) bool {
	found := false
	var walk func(parse.Node)
	pipe := func(p *parse.PipeNode) {
		for _, c := range p.Cmds {
			for _, a := range c.Args {
				walk(a)
			}
		}
	}
	walk = func(n parse.Node) {
		switch t := n.(type) {
		case *parse.ListNode:
			if t != nil {
				for _, c := range t.Nodes {
					walk(c)
				}
			}
		case *parse.ActionNode:
			pipe(t.Pipe)
		case *parse.IfNode:
			pipe(t.Pipe)
			walk(t.List)
			walk(t.ElseList)
		case *parse.WithNode:
			pipe(t.Pipe)
			walk(t.List)
			walk(t.ElseList)
		case *parse.RangeNode:
			pipe(t.Pipe)
			walk(t.List)
			walk(t.ElseList)
		case *parse.PipeNode:
			pipe(t)
		case *parse.FieldNode:
			for _, i := range t.Ident {
				found = found || strings.ToLower(i) == name
			}
		case *parse.VariableNode:
			for _, i := range t.Ident {
				found = found || strings.ToLower(i) == name
			}
		}
	}
	walk(n)
	return found
}

// cut removes what follows the first .Response.
func cut(list *parse.ListNode, done *bool) *parse.ListNode {
	out := list.CopyList()
	out.Nodes = nil
	for _, n := range list.Nodes {
		if *done {
			break
		}
		switch t := n.(type) {
		case *parse.ActionNode:
			if mentions(t, "response") {
				*done = true
			}
		case *parse.IfNode:
			t.List = cut(t.List, done)
		case *parse.RangeNode:
			t.List = cut(t.List, done)
		case *parse.WithNode:
			t.List = cut(t.List, done)
		}
		out.Nodes = append(out.Nodes, n)
	}
	return out
}

func render(c Case) (string, error) {
	parsed := func() (*template.Template, error) {
		return template.New("").Option("missingkey=zero").Funcs(funcs).Parse(c.Template)
	}
	t, err := parsed()
	if err != nil {
		return "", err
	}
	messages := mentions(t.Root, "messages")
	if !messages && !mentions(t.Root, "response") {
		c.Template += "{{ .Response }}"
		if t, err = parsed(); err != nil {
			return "", err
		}
	}
	var system []string
	var collated []*Message
	for _, raw := range c.Messages {
		var given Given
		if err := json.Unmarshal(raw, &given); err != nil {
			return "", err
		}
		m := given.message()
		if m.Role == "system" {
			system = append(system, m.Content)
		}
		if n := len(collated); n > 0 && collated[n-1].Role == m.Role && m.Role != "tool" {
			collated[n-1].Content += "\n\n" + m.Content
		} else {
			collated = append(collated, m)
		}
	}
	data := func() map[string]any {
		return map[string]any{"Think": c.Think != nil && *c.Think, "ThinkLevel": "", "IsThinkSet": c.Think != nil}
	}
	var out bytes.Buffer
	if messages {
		d := data()
		d["System"], d["Messages"], d["Response"] = strings.Join(system, "\n\n"), collated, ""
		tools := Tools{}
		if c.Tools != nil {
			if err := json.Unmarshal(c.Tools, &tools); err != nil {
				return "", err
			}
		}
		d["Tools"] = tools
		err := t.Execute(&out, d)
		return out.String(), err
	}
	var s, p, r string
	execute := func() error {
		d := data()
		d["System"], d["Prompt"], d["Response"] = s, p, r
		s, p, r = "", "", ""
		return t.Execute(&out, d)
	}
	for _, m := range collated {
		switch m.Role {
		case "system":
			if p != "" || r != "" {
				if err := execute(); err != nil {
					return "", err
				}
			}
			s = m.Content
		case "user":
			if r != "" {
				if err := execute(); err != nil {
					return "", err
				}
			}
			p = m.Content
		case "assistant":
			r = m.Content
		}
	}
	done := false
	t.Root.Nodes = cut(t.Root, &done).Nodes
	err = execute()
	return out.String(), err
}

func main() {
	in, _ := os.ReadFile(os.Args[1])
	var cases []Case
	if err := json.Unmarshal(in, &cases); err != nil {
		panic(err)
	}
	for i := range cases {
		text, err := render(cases[i])
		cases[i].Expected, cases[i].Error = nil, ""
		if err != nil {
			cases[i].Error = "error"
		} else {
			cases[i].Expected = &text
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	encoder.Encode(cases)
	if err := os.WriteFile(os.Args[2], out.Bytes(), 0o644); err != nil {
		fmt.Println(err)
	}
}
