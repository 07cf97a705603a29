//! The layout, rule by rule.

use super::*;

#[track_caller]
fn assert_formats(text: &str, expected: &str) {
    let formatted = format(text.as_bytes()).expect("it can be formatted");
    assert_eq!(String::from_utf8_lossy(&formatted), expected);
    assert_eq!(
        format(&formatted).as_deref(),
        Ok(formatted.as_slice()),
        "again"
    );
}

#[track_caller]
fn assert_stays(text: &str) {
    assert_formats(text, text);
}

#[test]
fn blocks_are_indented_and_broken_into_lines() {
    assert_formats(
        "a  x{\r\nb\t1\n\n\n\nc { d   2 e }  \n} f\n\n",
        "a x {\n    b 1\n\n    c {\n        d 2 e\n    }\n}\nf\n",
    );
    assert_formats("a {}", "a {\n}\n");
    assert_formats("", "");
    assert_formats("\n\na", "a\n");
}

#[test]
fn a_brace_moves_up_over_blanks_only() {
    assert_formats("a\n\n  {\nb\n}\n", "a {\n    b\n}\n");
    assert_formats("a\n{ b }\n", "a {\n    b\n}\n");
    assert_stays("a  # x\n{\n    b\n}\n");
    assert_stays("a\n# x\n{\n    b\n}\n");
    assert_stays("a $X\n{\n    b\n}\n");
}

#[test]
fn comments_keep_their_text_and_place() {
    assert_formats(
        "#  x  \na { ! y  z\n   # in\nb 1# tail\n} # end",
        "#  x\na {  ! y  z\n    # in\n    b 1  # tail\n}  # end\n",
    );
    assert_formats("a { b } # x\n", "a {\n    b\n}  # x\n");
    assert_formats("a \\#b   c\n", "a \\#b   c\n");
}

#[test]
fn quoted_blanks_and_words_of_commands_stay() {
    assert_formats("s  \"/x  'a  b'\"   c\n", "s \"/x  'a  b'\" c\n");
    assert_formats("s   /x 'a  \"b  c\"  d'   e\n", "s /x 'a  \"b  c\"  d' e\n");
    assert_formats("s   /x a\\  b\n", "s /x a\\  b\n");
    assert_formats("  s  \"open   end {\n", "s \"open   end {\n");
    assert_formats("a\"b\"c   d\n", "a\"b\"c d\n");
}

#[test]
fn definitions_and_references_stay() {
    assert_formats("  $A = x   { y  \nb   $A   c\n", "$A = x   { y\nb $A   c\n");
    assert_stays("$A= \\\n  b   1 \\\n\tc {\\\n d\ne\n");
    assert_stays("a {\n    ~SEQ(i, 1,  3) 10.0.0.$i   dev x\n    ~LST({a,b},{1,2}) $a   $b\n}\n");
    assert_stays("vrrp_instance V_$X   {\n    a\n}\n");
    assert_stays("a_${X} { ${Y} }\n");
}

#[test]
fn what_only_counts_at_the_start_of_a_line_does_not_get_there() {
    assert_stays("a { include b }\n");
    assert_stays("a { ~SEQ(i,1,2) b }\n");
    assert_stays("a { @x b }\n");
    assert_stays("a { $X=1 }\n");
    assert_stays("include{ b }\n");
    assert_formats("  include   x{a,b\n", "include   x{a,b\n");
}

#[test]
fn conditions_keep_their_lines() {
    assert_formats(
        "@a v  A {\n@b v B {\nc  1\n @a  d\n@^a }\n@a }\ne\n",
        "@a v A {\n@b v B {\n    c 1\n    @a d\n@^a }\n@a }\ne\n",
    );
}

#[test]
fn long_and_broken_lines_are_not_touched() {
    let long = format!("   a   {}\n", "x".repeat(1100));
    assert_stays(&long);
    assert_stays(&format!("  {} {{ }}\n", "x".repeat(900)));
    assert_stays("  a  \0 }}}\n");
    assert_stays("\u{feff}a  b {\n    c\n}\n");
    assert_formats("a\0\r\r", "a\0\r\r\n");
    assert_formats(" \"a\r", "\"a\n");
    assert_formats("\r a\rb\r\n", "a b\n");
    let bytes = b"a  \xff\xfe  {\n}\n";
    assert_eq!(
        format(bytes).as_deref(),
        Ok(b"a \xff\xfe {\n}\n".as_slice())
    );
}

#[test]
fn a_mark_does_not_become_the_start_of_the_file() {
    assert_stays("\n\u{feff}a\n");
}

#[test]
fn braces_must_match() {
    assert_eq!(
        format(b"a {\n}\n}\n"),
        Err(FormatError::ExtraClose { line: 3 })
    );
    assert_eq!(
        format(b"a {\nb {\n}\n"),
        Err(FormatError::Unclosed { line: 1 })
    );
}
