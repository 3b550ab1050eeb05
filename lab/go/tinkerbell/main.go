// Command tinkerbell renders templates as EKS Anywhere and Tinkerbell do.
//
// It reads a JSON list of cases from standard input and writes a JSON list of answers. A case is the template of a
// TinkerbellTemplateConfig (spec.template), a Hardware object, and the stack that renders: "tink" of EKS Anywhere up to
// v0.23.3, "tink-patched" up to v0.24, "tinkerbell" from v0.25 on. The functions of templates are doubles written from
// their documented behaviour; the Hardware type, sprig and text/template are the real ones.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/tinkerbell/tink/api/v1alpha1"
	"sigs.k8s.io/yaml"
)

type workflow struct {
	Version       string `json:"version"`
	Name          string `json:"name"`
	ID            string `json:"id"`
	GlobalTimeout int    `json:"global_timeout"`
	Tasks         []task `json:"tasks"`
}

type task struct {
	Name        string            `json:"name"`
	Worker      string            `json:"worker"`
	Actions     []action          `json:"actions"`
	Volumes     []string          `json:"volumes,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
}

type action struct {
	Name        string            `json:"name"`
	Image       string            `json:"image"`
	Timeout     int64             `json:"timeout"`
	Command     []string          `json:"command,omitempty"`
	OnTimeout   []string          `json:"on-timeout,omitempty"`
	OnFailure   []string          `json:"on-failure,omitempty"`
	Volumes     []string          `json:"volumes,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
	Pid         string            `json:"pid,omitempty"`
}

type testCase struct {
	Stack    string            `json:"stack"`
	Template workflow          `json:"template"`
	Hardware v1alpha1.Hardware `json:"hardware"`
}

type answer struct {
	Workflow *workflow `json:"workflow,omitempty"`
	Error    string    `json:"error,omitempty"`
}

type hardware struct {
	Disks      []string
	Interfaces []v1alpha1.Interface
	UserData   string
	VendorData string
	Metadata   v1alpha1.HardwareMetadata
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	var cases []testCase
	if err := decoder.Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([]answer, 0, len(cases))
	for _, one := range cases {
		rendered, err := render(one)
		if err != nil {
			answers = append(answers, answer{Error: err.Error()})
			continue
		}
		answers = append(answers, answer{Workflow: rendered})
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// render writes the template as YAML, as EKS Anywhere does for templateOverride, executes it, and reads it again.
func render(one testCase) (*workflow, error) {
	functions, err := functionsOf(one.Stack)
	if err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(one.Template)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New("workflow-template").Option("missingkey=error").Funcs(functions).Parse(string(text))
	if err != nil {
		return nil, err
	}
	spec := one.Hardware.Spec
	data := hardware{Interfaces: spec.Interfaces}
	for _, disk := range spec.Disks {
		data.Disks = append(data.Disks, disk.Device)
	}
	if spec.UserData != nil {
		data.UserData = *spec.UserData
	}
	if spec.VendorData != nil {
		data.VendorData = *spec.VendorData
	}
	if spec.Metadata == nil || spec.Metadata.Instance == nil {
		return nil, fmt.Errorf("the Hardware has no metadata.instance")
	}
	data.Metadata = *spec.Metadata
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{"Hardware": data, "device_1": spec.Metadata.Instance.ID})
	if err != nil {
		return nil, err
	}
	var found workflow
	if err := yaml.UnmarshalStrict(out.Bytes(), &found); err != nil {
		return nil, err
	}
	return &found, check(found)
}

// check applies Tinkerbell's own rules to a workflow.
func check(found workflow) error {
	if len(found.Tasks) == 0 {
		return fmt.Errorf("the workflow has no task")
	}
	for _, one := range found.Tasks {
		seen := map[string]bool{}
		for _, step := range one.Actions {
			if step.Name == "" || len(step.Name) >= 200 || seen[step.Name] {
				return fmt.Errorf("the name of an action is empty, too long or there twice: %q", step.Name)
			}
			seen[step.Name] = true
		}
	}
	return nil
}

func functionsOf(stack string) (template.FuncMap, error) {
	functions := sprig.TxtFuncMap()
	switch stack {
	case "tink":
		functions["formatPartition"] = formatKnown
	case "tink-patched":
		functions["formatPartition"] = formatKnown
		functions["netmaskToCIDR"] = func(mask string) string {
			length, err := prefixLength(mask)
			if err != nil {
				return "24"
			}
			return length
		}
	case "tinkerbell":
		functions["formatPartition"] = formatAny
		functions["netmaskToPrefixLength"] = prefixLength
	default:
		return nil, fmt.Errorf("no such stack: %q", stack)
	}
	return functions, nil
}

func prefixLength(mask string) (string, error) {
	address := net.ParseIP(mask).To4()
	if address == nil {
		return "", fmt.Errorf("invalid netmask: %q", mask)
	}
	length, _ := net.IPMask(address).Size()
	return strconv.Itoa(length), nil
}

// formatKnown names a partition of the disks that tink v0.12 knows; of any other it returns the disk.
func formatKnown(disk string, partition int) string {
	switch {
	case strings.HasPrefix(disk, "/dev/nvme"):
		return fmt.Sprintf("%sp%d", disk, partition)
	case strings.HasPrefix(disk, "/dev/sd"), strings.HasPrefix(disk, "/dev/vd"),
		strings.HasPrefix(disk, "/dev/xvd"), strings.HasPrefix(disk, "/dev/hd"):
		return fmt.Sprintf("%s%d", disk, partition)
	}
	return disk
}

// formatAny names a partition of any disk.
func formatAny(disk string, partition int) string {
	switch {
	case strings.HasPrefix(disk, "/dev/disk/"):
		return fmt.Sprintf("%s-part%d", disk, partition)
	case disk != "" && disk[len(disk)-1] >= '0' && disk[len(disk)-1] <= '9':
		return fmt.Sprintf("%sp%d", disk, partition)
	}
	return fmt.Sprintf("%s%d", disk, partition)
}
