//! What expressions make, what they are refused, and where they end.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;

async fn evaluate(source: &str, input: &Value) -> Result<Value, String> {
    let now = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
    Expression::new(source)
        .evaluate(Input::from(input), now)
        .await
}

#[rstest]
#[case(".a.b", json!({ "a": { "b": 1 } }), json!(1))]
#[case("{title: .t, labels: [.l[] | {name: .}]}", json!({ "t": "x", "l": ["a", "b"] }),
    json!({ "title": "x", "labels": [{ "name": "a" }, { "name": "b" }] }))]
#[case(".items | map(select(.n > 1) | .n) | add", json!({ "items": [{ "n": 1 }, { "n": 2 }, { "n": 3 }] }), json!(5))]
#[case("[.[] | ascii_upcase] | join(\", \")", json!(["a", "b"]), json!("A, B"))]
#[case("to_entries | map({(.key): (.value + 1)}) | add", json!({ "a": 1, "b": 2 }), json!({ "a": 2, "b": 3 }))]
#[case("with_entries(.value += 1)", json!({ "a": 1 }), json!({ "a": 2 }))]
#[case("[.[] | {name: .k, value: .v}] | from_entries", json!([{ "k": "x", "v": 1 }]), json!({ "x": 1 }))]
#[case("del(.ok)", json!({ "ok": true, "a": 1 }), json!({ "a": 1 }))]
#[case(".a // \"none\"", json!({}), json!("none"))]
#[case("if .n then \"yes\" elif .m then 1 else null end", json!({ "m": 1 }), json!(1))]
#[case("try (.a | fromjson) catch \"broken\"", json!({ "a": "{" }), json!("broken"))]
#[case(".a | fromjson | .b", json!({ "a": "{\"b\":[1]}" }), json!([1]))]
#[case("[.[] | tojson]", json!([{ "a": 1 }, "x"]), json!(["{\"a\":1}", "\"x\""]))]
#[case("reduce .[] as $x (0; . + $x)", json!([1, 2, 3]), json!(6))]
#[case("[foreach .[] as $x (0; . + $x)]", json!([1, 2, 3]), json!([1, 3, 6]))]
#[case("def f(x): x * 2; [.[] | f(.)]", json!([1, 2]), json!([2, 4]))]
#[case("def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; fac", json!(10), json!(3_628_800))]
#[case(". as {a: $x, b: [$y]} | $x + $y", json!({ "a": 1, "b": [2] }), json!(3))]
#[case(".a += 1 | .b |= . + 1 | .c = 5", json!({ "a": 1, "b": 2 }), json!({ "a": 2, "b": 3, "c": 5 }))]
#[case("setpath([\"a\", \"b\"]; 1) | getpath([\"a\", \"b\"])", json!({ "a": {} }), json!(1))]
#[case("[paths]", json!({ "a": [1] }), json!([["a"], ["a", 0]]))]
#[case("walk(if type == \"number\" then . + 1 else . end)", json!([1, [2]]), json!([2, [3]]))]
#[case("[.. | numbers]", json!([1, [2, { "a": 3 }]]), json!([1, 2, 3]))]
#[case("[limit(3; repeat(1))]", json!(null), json!([1, 1, 1]))]
#[case("[range(3)] + [range(1; 6; 2)]", json!(null), json!([0, 1, 2, 1, 3, 5]))]
#[case("test(\"^a+$\"), sub(\"a\"; \"b\"), [scan(\"a\")] | tostring", json!("aa"), json!("several"))]
#[case("[match(\"(?<x>b)\").captures[0].name, sub(\"b\"; \"c\"), split(\"b\")]", json!("abd"), json!(["x", "acd", ["a", "d"]]))]
#[case("group_by(.k) | map(length)", json!([{ "k": 1 }, { "k": 2 }, { "k": 1 }]), json!([2, 1]))]
#[case("[.[] | strings | ltrimstr(\"x\") | length]", json!(["xa", 1, "bc"]), json!([1, 2]))]
#[case("\"\\(.a)-\\(.b | @uri)-\\(.c | @base64)\"", json!({ "a": 1, "b": "ä b", "c": "x" }), json!("1-%C3%A4%20b-eA=="))]
#[case("sort_by(.n) | map(.n) | unique | reverse", json!([{ "n": 2 }, { "n": 1 }, { "n": 2 }]), json!([2, 1]))]
#[case("index(\"b\")", json!("abc"), json!(1))]
#[case("[.[1:], .[:1], .[-1]]", json!([1, 2, 3]), json!([[2, 3], [1], 3]))]
#[case("now | todate", json!(null), json!("2026-01-02T03:04:05Z"))]
#[case("\"2026-01-02T03:04:05Z\" | fromdate", json!(null), json!(1_767_323_045))]
#[case("(.a / 2 | floor), empty", json!({ "a": 5 }), json!(2))]
#[case("4 / 2", json!(null), json!(2))]
#[case("any(.[]; . == 2) and all(.[]; . > 0)", json!([1, 2]), json!(true))]
#[case("IN(.[]; 1, 2)", json!([2]), json!(true))]
#[case("empty", json!(null), json!(null))]
#[tokio::test]
async fn an_expression_makes_what_jq_would(
    #[case] source: &str,
    #[case] input: Value,
    #[case] expected: Value,
) {
    let made = evaluate(source, &input).await;
    if expected == "several" {
        assert_eq!(
            made,
            Err("gives several values: collect them with [ ]".into())
        );
    } else {
        assert_eq!(made, Ok(expected), "{source}");
    }
}

#[rstest]
#[case(
    "env",
    "`env` is refused: an expression sees its input and nothing else at character 1"
)]
#[case(".a | $ENV", "there is no variable $ENV at character 6")]
#[case(
    "halt",
    "`halt` is refused: an expression sees its input and nothing else at character 1"
)]
#[case(
    "1 | halt_error(2)",
    "`halt_error` is refused: an expression sees its input and nothing else at character 5"
)]
#[case(
    "[inputs]",
    "`inputs` is refused: an expression sees its input and nothing else at character 2"
)]
#[case(
    "def f: input; f",
    "`input` is refused: an expression sees its input and nothing else at character 8"
)]
#[case(
    ". | debug",
    "`debug` is refused: an expression sees its input and nothing else at character 5"
)]
#[case(
    "stderr",
    "`stderr` is refused: an expression sees its input and nothing else at character 1"
)]
#[case("import \"a\" as a; .", "")]
#[case("_path", "there is no function `_path`; `path` is one at character 1")]
#[case(
    "lenght",
    "there is no function `lenght`; `length` is one at character 1"
)]
#[case("map(.a; .b)", "`map` takes 1 arguments and not 2 at character 1")]
#[case("{a: .b", "")]
#[case(".a +", "")]
#[case("$x", "there is no variable $x at character 1")]
#[case("main__", "there is no function `main__` at character 1")]
fn what_is_no_expression_is_told_with_its_place(#[case] source: &str, #[case] problem: &str) {
    let told = Expression::new(source).names().cloned().unwrap_err();
    let told = told.to_string();
    if problem.is_empty() {
        assert!(!told.is_empty());
    } else {
        assert_eq!(told, problem);
    }
}

/// Each would go on for ever, or make something huge, without a bound.
#[rstest]
#[case::range("[range(infinite)]")]
#[case::last_of_endless("last(range(infinite))")]
#[case::repeat("[repeat(1)]")]
#[case::limit("[limit(1000000000; repeat(1))]")]
#[case::calls_itself("def f: f; f")]
#[case::calls_itself_deeply("def f: [f]; f")]
#[case::calls_itself_twice("def f: f, f; f")]
#[case::caught("def f: try error(\"x\") catch f; f")]
#[case::catches_the_bound("def f: (try f catch .), f; [f]")]
#[case::until("until(false; .)")]
#[case::recurse("[recurse(.)]")]
#[case::long_text("\"x\" * 1000000000")]
#[case::doubled_text("reduce range(100) as $i (\"x\"; . + .)")]
#[case::doubled_array("reduce range(100) as $i ([1]; . + .)")]
#[case::shared_array("reduce range(100) as $i (1; [., .])")]
#[case::shared_object("reduce range(100) as $i (1; {a: ., b: .})")]
#[case::shared_by_assignment("reduce range(100) as $i ({}; . as $x | .a = $x | .b = $x)")]
#[case::shared_by_places("[range(1000)] | reduce range(9) as $i (.; . as $x | .[] = $x)")]
#[case::compared("reduce range(60) as $i (1; [., .]) | . == .")]
#[case::digits("reduce range(100) as $i (3; . * .)")]
#[case::nested("reduce range(1000000) as $i (1; [.])")]
#[case::nested_by_update("reduce range(1000000) as $i ({}; {a: .})")]
#[case::long_path("setpath([range(100000) | \"a\"]; 1)")]
#[case::deep_json("reduce range(100000) as $i (\"1\"; \"[\" + . + \"]\") | fromjson")]
#[case::every_with_every("[range(100000)] - [range(100000)]")]
#[case::combinations("[[range(100)] | combinations(9)] | length")]
#[case::alternatives(
    "[(1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | \
    (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | \
    (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2) | (1,2)] | length"
)]
#[case::products("[range(1000)] | [.[] as $a | .[] as $b | .[] as $c | select(false)]")]
#[case::products_of_sums("[range(1000)] | last(.[] + .[] + .[])")]
#[case::products_of_nothing("[range(3000) | []] as $x | [range(3000) | $x] | [.[][][]]")]
#[case::regex("(\"a\" * 100000) | test(\"(a{900}){900}b\")")]
#[case::slices("[range(1000000)] | until(length == 0; .[1:])")]
#[case::grown_object("reduce range(1000000) as $i ({}; .[$i | tostring] = $i)")]
#[case::in_a_string("reduce range(100) as $i (\"x\"; \"\\(.)\\(.)\")")]
#[case::formatted("reduce range(100) as $i (\"%\" * 1000; @uri + @uri)")]
#[case::keys("reduce range(100) as $i (1; [., .]) | {(.): 1}")]
#[tokio::test]
async fn what_goes_on_for_ever_or_grows_without_end_is_ended(#[case] source: &str) {
    let told = evaluate(source, &Value::Null).await;
    assert!(told.is_err(), "{source}: {told:?}");
}

/// Numbers, indices, texts and times at and beyond every edge: a value or an error, and no panic.
#[rstest]
#[case("[1e18, -1, 55296, 1114112, 1e400] | map(try ([.] | implode) catch .)")]
#[case("[.[]?, .[1e18]?, .[-1e18]?, .[infinite]?, .[nan]?, .[nan:]?, .[infinite:-infinite]?]")]
#[case(
    "[[] | try (.[1000000000] = 1) catch ., try (.[-1] = 1) catch ., try (.[1e300] = 1) catch .]"
)]
#[case(
    "[[] | try setpath([4000000000]; 1) catch ., try (.[3:1] = [1]) catch ., try (.[nan:] = [1]) catch .]"
)]
#[case("[try (\"ä€😀\" | .[1:2], .[-1:], .[1e18:], .[:-1e18]) catch .]")]
#[case(
    "[1e308, -1e308, infinite, nan, 1e1000 | floor?, ceil?, round?, sqrt?, tostring, tojson, @text, @json]"
)]
#[case(
    "[pow(10; 400)?, pow(2; 1e18)?, ldexp(1; 1e9)?, scalb(1; 1e9)?, scalbln(1; 1e9)?, nearbyint?, trunc?]"
)]
#[case(
    "[1e18, -1e18, infinite, nan, 1e300 | try todate catch ., try gmtime catch ., try strftime(\"%Y\") catch .]"
)]
#[case("[[1e18, 1e9, -5, 70, 99, 1e300, 8, 400], [nan], [], [1, \"x\"] | try mktime catch .]")]
#[case(
    "[\"%\", \"%Q\", \"%9999999999d\", \"%E\", (\"%Y\" * 10000) | . as $f | try (0 | strftime($f) | length) catch .]"
)]
#[case(
    "[\"\", \"9999999999\", \"-\", \"2026-13-45T99:99:99Z\" | try fromdate catch ., try strptime(\"%Y\") catch .]"
)]
#[case("[range(0; 1; 0)?] | length")]
#[case("[limit(-1; 1, 2)?, limit(0; error), first(empty), nth(-1; 1)?, nth(1e18; 1)?]")]
#[case("[try ([1, [2]] | flatten(1e18)) catch ., try ([1] | flatten(-1)) catch .]")]
#[case("[[range(300)] | transpose?, combinations?]")]
#[case(
    "[\"a\", \"\", \"(\" | try test(\"\"; \"gx\") catch ., try [scan(\"\")] catch ., try gsub(\"\"; \"-\") catch ., try sub(\"(?<x>a)?\"; .x) catch .]"
)]
#[case(
    "[try (\"a\" | test(\"(?=a)\")) catch ., try (\"a\" | test(\"\\\\1(\")) catch ., try (\"a\" | test(\"[[:x:]]\")) catch .]"
)]
#[case(
    "[\"AAA\", \"=\", \"\\u0000\", \"ä\" | try @base64d catch ., try b64d catch ., try b64url_d catch ., @uri, @html, @sh, @base32, try @base32d catch .]"
)]
#[case(
    "[try error catch ., try error(null) catch ., try error({}) catch ., (try error(\"x\") catch error(\"y\"))?]"
)]
#[case(
    "[try getpath([1e18]) catch ., try getpath([\"a\", 1]) catch ., try delpaths([[1e18], [-1]]) catch ., try del(.[1e18]) catch .]"
)]
#[case(
    "[try ([1] | .[[1]]) catch ., try ([] | .[[]]) catch ., try ({} | .[{}]) catch ., try indices([]) catch ., try (\"aa\" | indices(\"\")) catch .]"
)]
#[case("[tostream, fromstream(1 | truncate_stream([[0], 1]))?]")]
#[case(
    "[\"x\" | try ltrimstr(1) catch ., try splits(1) catch ., try ascii_downcase catch ., try explode catch ., try ascii catch .]"
)]
#[case("[1e18, -1, nan, \"x\" | try (. as $n | \"ab\" * $n) catch .]")]
#[case(
    "[0, 1e18, -9223372036854775808 | try (1 % .) catch ., try (. % -1) catch ., try (1 / .) catch ., try -(.) catch ., try (. * .) catch ., try abs catch .]"
)]
#[case("9223372036854775807 | [. + 1, . * ., -(.) - 2, try (. | tojson | fromjson) catch .]")]
#[case(
    "[time_add(1e300)?, (\"2026-01-01T00:00:00Z\" | time_add(1e18)?, time_add(nan)?), (1e18, infinite, \"9\" | parse_time?, epoch?)]"
)]
#[case(
    "[\"ZZZZZZZ1\", \"A99999999999999999999\", \"\", \"A0\", \"!\" | try a1_range catch ., try grid_range catch .]"
)]
#[case(
    "[null, 1, [], {}, \"<\", \"<a\" | try html_to_text catch ., try md_to_html catch ., try md_to_adf catch ., try md_to_notion_blocks catch ., try mime_message catch ., try gmail_payload catch .]"
)]
#[case("(\"<div>\" * 20000) | html_to_text | length")]
#[case("(\"> \" * 5000 + \"x\") | [md_to_html, md_to_adf, md_to_notion_blocks | tojson | length]")]
#[case("(\"[\" * 20000) | [md_to_html, (md_to_adf | tojson) | length]")]
#[case(
    "(\"- \" * 3000 + \"x\") | [md_to_html, (md_to_adf, md_to_notion_blocks | tojson) | length]"
)]
#[case("(\"*_\" * 20000 + \"x\") | [md_to_html, (md_to_adf | tojson) | length]")]
#[tokio::test]
async fn what_lies_at_an_edge_ends_in_a_value_or_an_error(#[case] source: &str) {
    let made = evaluate(source, &json!([1, "a", null, { "b": [] }])).await;
    assert_ne!(
        made,
        Err("the expression ended without a value".into()),
        "{source}"
    );
}

#[tokio::test]
async fn an_error_tells_its_beginning_only() {
    let told = evaluate("error(\"x\" * 100000)", &Value::Null)
        .await
        .unwrap_err();
    assert!(told.len() < 400, "{}", told.len());
    assert_eq!(
        evaluate("error(\"my words\")", &Value::Null).await,
        Err("my words".into())
    );
}

#[test]
fn a_source_that_is_too_long_or_too_nested_is_refused() {
    for source in ["1+".repeat(9_000), "[".repeat(70), "[[".repeat(4_000)] {
        assert!(Expression::new(source).names().is_err());
    }
    // Deep without brackets.
    for source in [
        format!("{}1", "-".repeat(8_000)),
        format!("1{}", "|1".repeat(7_000)),
    ] {
        let _ = Expression::new(source).names();
    }
}

#[rstest]
#[case(".args.a + .args.b", &["args.a", "args.b"], false)]
#[case("{x: .args[\"a\"], y: [.steps.list.body.items[] | .id]}", &["args.a", "steps.list", "?id"], false)]
#[case(".args | .a", &["args", "?a"], false)]
#[case(". as $in | $in.args.a", &[], true)]
#[case("if .args.a then .args.b else .ctx.now end", &["args.a", "args.b", "ctx.now"], false)]
#[case("map(.args.a)", &["?args.a"], false)]
#[case("length", &[], true)]
#[case(".args.l | map(.x)", &["args.l", "?x"], false)]
fn what_an_expression_names_is_known(
    #[case] source: &str,
    #[case] expected: &[&str],
    #[case] whole: bool,
) {
    let expression = Expression::new(source);
    let names = expression.names().unwrap();
    let shown = names.members.iter().map(|name| {
        let member = name
            .member
            .as_ref()
            .map_or_else(String::new, |member| format!(".{member}"));
        format!(
            "{}{}{member}",
            if name.certain { "" } else { "?" },
            name.root
        )
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert_eq!(names.whole, whole);
}
