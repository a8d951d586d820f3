package consumer

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// surfaces are the packages that users import, by the name of their listing.
var surfaces = map[string]string{
	"openapi":     "github.com/partnerapi/partnerapi-go/partnertest/openapi",
	"partnerapi":  "github.com/partnerapi/partnerapi-go",
	"partnertest": "github.com/partnerapi/partnerapi-go/partnertest",
}

// decl is an exported declaration: as a line of a listing, and as a type and an expression that compile only while it is
// unchanged.
type decl struct{ line, typ, expr string }

// pin returns the declaration as a line of Go.
func (d decl) pin() string {
	if d.expr == "" {
		return "var _ " + d.typ
	}
	return "var _ " + d.typ + " = " + d.expr
}

// exported returns all exported declarations of a package.
func exported(t *testing.T, path string) []decl {
	t.Helper()
	found, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports}, path)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Empty(t, found[0].Errors)
	var decls []decl
	scope := found[0].Types.Scope()
	for _, name := range scope.Names() {
		if obj := scope.Lookup(name); obj.Exported() {
			decls = append(decls, declsOf(obj)...)
		}
	}
	slices.SortFunc(decls, func(a, b decl) int { return strings.Compare(a.line, b.line) })
	return decls
}

func declsOf(obj types.Object) []decl {
	inside, outside := textOf(obj.Pkg()), textOf(nil)
	name := obj.Pkg().Name() + "." + obj.Name()
	switch obj := obj.(type) {
	case *types.Const:
		line := fmt.Sprintf("const %s %s = %s", obj.Name(), inside(obj.Type()), obj.Val().ExactString())
		return []decl{{line, outside(types.Default(obj.Type())), name}}
	case *types.Var:
		return []decl{{"var " + obj.Name() + " " + inside(obj.Type()), outside(obj.Type()), name}}
	case *types.Func:
		sig := obj.Type().(*types.Signature)
		line := "func " + obj.Name() + strings.TrimPrefix(inside(sig), "func")
		if sig.TypeParams().Len() > 0 {
			sig, name = instantiated(sig, sig.TypeParams()).(*types.Signature), name+"[int]"
		}
		return []decl{{line, outside(sig), name}}
	default:
		return declsOfType(obj.(*types.TypeName))
	}
}

// declsOfType returns a type with its fields and methods. A generic type is instantiated with int.
func declsOfType(obj *types.TypeName) []decl {
	inside, outside := textOf(obj.Pkg()), textOf(nil)
	named, ok := obj.Type().(*types.Named)
	if obj.IsAlias() || !ok {
		other := types.Unalias(obj.Type())
		return []decl{{"type " + obj.Name() + " = " + inside(other), outside(other), "*new(" + obj.Pkg().Name() + "." + obj.Name() + ")"}}
	}
	used := named
	if named.TypeParams().Len() > 0 {
		used = instantiated(named, named.TypeParams()).(*types.Named)
	}
	head, name := "type "+inside(named), outside(used)
	var decls []decl
	under, isStruct := named.Underlying().(*types.Struct)
	switch text := outside(named.Underlying()); {
	case isStruct:
		kind := " struct"
		if types.Comparable(used) { // false with some unexported fields
			kind += ", comparable"
		}
		decls = append(decls, decl{head + kind, name, ""})
		for i := range under.NumFields() {
			if field := under.Field(i); field.Exported() {
				typ := used.Underlying().(*types.Struct).Field(i).Type()
				decls = append(decls, decl{fieldLine(head, field, inside), outside(typ), name + "{}." + field.Name()})
			}
		}
	case isPrivate(text, obj.Pkg().Name()):
		decls = append(decls, decl{head + " " + inside(named.Underlying()), name, ""})
	default: // pointers convert only if their base types have identical underlying types
		decls = append(decls, decl{head + " " + inside(named.Underlying()), "*" + text, "(*" + text + ")((*" + name + ")(nil))"})
	}
	for i := range named.NumMethods() {
		if m := named.Method(i); m.Exported() {
			decls = append(decls, declOfMethod(m, used.Method(i)))
		}
	}
	return decls
}

func fieldLine(head string, field *types.Var, inside func(types.Type) string) string {
	if field.Embedded() {
		return head + " struct, embedded " + inside(field.Type())
	}
	return head + " struct, " + field.Name() + " " + inside(field.Type())
}

// declOfMethod returns a method as a function of its receiver. A generic receiver is instantiated with int.
func declOfMethod(m, used *types.Func) decl {
	inside, outside := textOf(m.Pkg()), textOf(nil)
	sig, of := m.Type().(*types.Signature), used.Type().(*types.Signature)
	params := []*types.Var{unnamed(of.Recv())}
	for param := range of.Params().Variables() {
		params = append(params, unnamed(param))
	}
	asFunc := types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), of.Results(), of.Variadic())
	line := fmt.Sprintf("method (%s) %s%s", inside(sig.Recv().Type()), m.Name(), strings.TrimPrefix(inside(sig), "func"))
	return decl{line, outside(asFunc), "(" + outside(of.Recv().Type()) + ")." + m.Name()}
}

func unnamed(v *types.Var) *types.Var { return types.NewParam(v.Pos(), v.Pkg(), "", v.Type()) }

func instantiated(generic types.Type, params *types.TypeParamList) types.Type {
	args := slices.Repeat([]types.Type{types.Typ[types.Int]}, params.Len())
	instance, err := types.Instantiate(nil, generic, args, false)
	if err != nil {
		panic(err)
	}
	return instance
}

// textOf formats a type as seen in a package, or qualified if pkg is nil.
func textOf(pkg *types.Package) func(types.Type) string {
	return func(t types.Type) string {
		return types.TypeString(t, func(other *types.Package) string {
			if other == pkg {
				return ""
			}
			return other.Name()
		})
	}
}

// isPrivate reports whether a type contains an unexported name of the package, so that users could not write it.
func isPrivate(text, pkg string) bool {
	for _, after := range strings.Split(text, pkg+".")[1:] {
		if strings.ToLower(after[:1]) == after[:1] {
			return true
		}
	}
	return false
}
