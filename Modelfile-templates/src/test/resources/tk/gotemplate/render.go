// Renders prompt templates with Go's text/template in Ollama's two ways.
//
// Usage: go run render.go CASES OUTPUT
// CASES: [{"template": ..., "messages": [{"role":…,"content":…}], "think": true|false|null}]
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

type Message struct {
	Role       string     `json:"role"`
	Content    string     `json:"content"`
	Thinking   string     `json:"-"`
	Images     []string   `json:"-"`
	ToolCalls  []struct{} `json:"-"`
	ToolName   string     `json:"-"`
	ToolCallID string     `json:"-"`
}

type Case struct {
	Name     string    `json:"name,omitempty"`
	Template string    `json:"template"`
	Messages []Message `json:"messages"`
	Think    *bool     `json:"think,omitempty"`
	Expected *string   `json:"expected,omitempty"`
	Error    string    `json:"error,omitempty"`
}

var funcs = template.FuncMap{
	"json":          func(v any) string { b, _ := json.Marshal(v); return string(b) },
	"currentDate":   func() string { return "2026-02-03" },
	"yesterdayDate": func() string { return "2026-02-02" },
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
	for i := range c.Messages {
		m := &c.Messages[i]
		if m.Role == "system" {
			system = append(system, m.Content)
		}
		if n := len(collated); n > 0 && collated[n-1].Role == m.Role && m.Role != "tool" {
			copied := *collated[n-1]
			copied.Content += "\n\n" + m.Content
			collated[n-1] = &copied
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
		d["Tools"] = []string{}
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
