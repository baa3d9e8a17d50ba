//! Each check passes on this repository, and each fails on a planted breach.

use expect_test::{Expect, expect};

use crate::tree::Tree;
use crate::{CHECKS, Finding};

/// Findings of the check called `name` in `tree`, one per line.
fn run(name: &str, tree: &Tree) -> String {
    let (_, check) = CHECKS.iter().find(|(known, _)| *known == name).expect("the check exists");
    check(tree).iter().map(|finding: &Finding| format!("{finding}\n")).collect()
}

#[test]
fn the_house_keeps_its_rules() {
    let tree = Tree::of_this_repository();
    let findings: String = CHECKS.iter().map(|(name, _)| run(name, &tree)).collect();
    assert!(findings.is_empty(), "cargo xtask tidy says:\n{findings}");
}

struct Planted {
    check: &'static str,
    files: &'static [(&'static str, &'static str)],
    found: Expect,
}

fn check_planted(planted: Planted) {
    let own = |&(path, text): &(&str, &str)| (path.to_owned(), text.to_owned());
    let tree = Tree::new(planted.files.iter().map(own).collect());
    planted.found.assert_eq(&run(planted.check, &tree));
}

#[test]
fn an_edge_that_points_up_is_found() {
    check_planted(Planted {
        check: "layers",
        files: &[
            ("crates/book/Cargo.toml", "[dependencies]\ntypes = {}\nengine = {}\nsha2 = {}\n"),
            ("crates/ledger/Cargo.toml", "[dev-dependencies]\nengine = {}\n"),
            ("crates/replica/Cargo.toml", "[dev-dependencies]\nbook = {}\n"),
            ("crates/surprise/Cargo.toml", "[dependencies]\n"),
        ],
        found: expect![[r#"
            crates/book/Cargo.toml:0: book uses engine: it may use ["types"]
            crates/ledger/Cargo.toml:0: tests of ledger use engine: add it to TEST_LAYERS with its reason
            crates/surprise/Cargo.toml:0: surprise is not in LAYERS: add it
        "#]],
    });
}

#[test]
fn a_foreign_crate_beyond_its_wall_is_found() {
    check_planted(Planted {
        check: "walls",
        files: &[
            ("crates/book/Cargo.toml", "[dependencies]\ntypes = {}\nserde = {}\n"),
            ("crates/engine/Cargo.toml", "[dev-dependencies]\ntokio-util = {}\nserde_json = {}\n"),
            ("crates/gateway/Cargo.toml", "[dependencies]\ntokio = {}\nanyhow = {}\n"),
        ],
        found: expect![[r#"
            crates/book/Cargo.toml:0: book is pure and uses serde: it may use []
            crates/engine/Cargo.toml:0: engine uses serde_json: only ["gateway", "monitor", "consequence", "plimsoll"] may
            crates/engine/Cargo.toml:0: engine uses tokio-util: only ["journal", "replica", "gateway", "monitor", "plimsoll", "sim"] may
            crates/gateway/Cargo.toml:0: gateway uses anyhow: only ["plimsoll", "sim", "xtask"] may
        "#]],
    });
}

#[test]
fn a_pure_crate_with_std_is_found() {
    check_planted(Planted {
        check: "pure crates",
        files: &[
            ("crates/book/src/lib.rs", "//! #![no_std] in words only.\n"),
            ("crates/types/src/lib.rs", "//! Words.\n#![no_std]\n"),
            ("crates/journal/src/lib.rs", "//! Disk.\n"),
        ],
        found: expect![[r#"
            crates/book/src/lib.rs:1: a pure crate says #![no_std]: add it
        "#]],
    });
}

/// A function of `n` lines between its signature and its closing brace, each of them `line`.
fn function_of(n: usize, line: &str) -> String {
    format!("fn long(a: [u8; 3]) -> u8 {{\n{}}}\n", format!("{line}\n").repeat(n))
}

#[test]
fn a_function_is_long_above_seventy_lines_not_counting_one_line_arms() {
    for (n, line, is_long) in [
        (68, "    act();", false),
        (69, "    act();", true),
        (69, "    // \"{\" in a comment", true),
        (200, "        Command::A { .. } => act(),", false),
        (200, "        Command::A { .. } => {", true),
    ] {
        let text = function_of(n, line);
        let files = vec![("crates/book/src/a.rs".to_owned(), text)];
        let found = run("function length", &Tree::new(files));
        assert_eq!(found.contains("fn long has"), is_long, "{n} lines of {line}: {found}");
    }
}

#[test]
fn a_long_file_is_found_unless_it_is_a_test() {
    let long = "act();\n".repeat(801);
    let files = ["crates/book/src/a.rs", "crates/book/src/tests/b.rs", "crates/book/benches/c.rs"];
    let tree = Tree::new(files.iter().map(|path| (path.to_string(), long.clone())).collect());
    expect![[r#"
        crates/book/src/a.rs:0: 801 lines: one concept per file, 800 lines do
    "#]]
    .assert_eq(&run("file length", &tree));
}

#[test]
fn a_wide_line_is_found_unless_it_is_the_data_of_a_test() {
    let wide = format!("let a = \"{}\";\n", "x".repeat(100));
    let comment = format!("// {}\n", "x".repeat(100));
    let files = [
        ("crates/book/src/a.rs", &wide),
        ("crates/book/src/tests.rs", &wide),
        ("crates/book/src/tests/b.rs", &comment),
    ];
    let own = |(path, text): (&str, &String)| (path.to_owned(), text.clone());
    let tree = Tree::new(files.into_iter().map(own).collect());
    expect![[r#"
        crates/book/src/a.rs:1: 111 columns: break it, 100 do
        crates/book/src/tests/b.rs:1: 103 columns: break it, 100 do
    "#]]
    .assert_eq(&run("line length", &tree));
}

#[test]
fn a_module_without_its_job_is_found() {
    check_planted(Planted {
        check: "module docs",
        files: &[
            ("crates/book/src/a.rs", "//! Keeps levels.\n"),
            ("crates/book/src/b.rs", "use x;\n//! Too late.\n"),
            ("crates/book/benches/c.rs", "use x;\n"),
        ],
        found: expect![[r#"
            crates/book/src/b.rs:1: opens without //!: say the module's job, its invariants and what it leaves out
        "#]],
    });
}

#[test]
fn tests_inside_the_file_that_they_test_are_found() {
    check_planted(Planted {
        check: "tests in their own file",
        files: &[
            ("crates/book/src/a.rs", "//! A.\n#[cfg(test)]\nmod tests {\n}\n"),
            ("crates/book/src/b.rs", "//! B.\n#[cfg(test)]\nmod tests;\n"),
        ],
        found: expect![[r#"
            crates/book/src/a.rs:3: tests inside the file: move them to its tests.rs
        "#]],
    });
}

#[test]
fn a_banned_call_is_found_in_code_and_not_in_words() {
    check_planted(Planted {
        check: "banned calls",
        files: &[
            (
                "crates/engine/src/a.rs",
                "// HashMap\nlet a = \"HashMap\";\nlet b: HashMap<f64, MyHashMap>;\nb.unwrap();\n",
            ),
            ("crates/engine/src/lib.rs", "#[cfg(test)]\nmod naive;\n#[allow(dead_code)]\nmod a;\n"),
            ("crates/engine/src/naive.rs", "b.unwrap();\nlet a: f64;\nprintln!();\n"),
            ("crates/engine/src/naive/more.rs", "b.unwrap();\n#[ignore]\n"),
            ("crates/journal/src/a.rs", "Instant::now();\nb.unwrap();\nprintln!();\ntodo!()\n"),
            ("crates/gateway/src/a.rs", "Instant::now();\nlet a: f64;\neprintln!();\n"),
            (
                "crates/plimsoll/src/a.rs",
                "println!();\nlet r = r#\"dbg!()\"#;\nlet c = '\"'; dbg!();\n",
            ),
        ],
        found: expect![[r#"
            crates/engine/src/a.rs:3: HashMap: write BTreeMap or a Vec by dense id: replay needs one order on every machine
            crates/engine/src/a.rs:3: f64: write whole units (types::units)
            crates/engine/src/a.rs:4: .unwrap(): write expect("the sentence that says why it holds"), or a refusal
            crates/engine/src/lib.rs:3: #[allow(: write #[expect(lint, reason = "…")], which goes away with its cause
            crates/engine/src/naive/more.rs:2: #[ignore: write a test that runs, or a named suite
            crates/journal/src/a.rs:1: Instant::now: write entry.at, or time as an argument
            crates/journal/src/a.rs:3: println!: write an event or a log line
            crates/journal/src/a.rs:4: todo!: write the code, or an issue
            crates/plimsoll/src/a.rs:3: dbg!: write nothing
        "#]],
    });
}

#[test]
fn a_name_that_says_nothing_is_found() {
    check_planted(Planted {
        check: "banned names",
        files: &[(
            "crates/engine/src/a.rs",
            "struct OrderManager;\npub enum Side {}\nmod utils;\n// TODO later\nlet database = 1;\n",
        )],
        found: expect![[r#"
            crates/engine/src/a.rs:1: OrderManager: name it after what it is or does
            crates/engine/src/a.rs:3: utils: name it after what it is or does
            crates/engine/src/a.rs:4: TODO: finish it, or file an issue and name it
        "#]],
    });
}

#[test]
fn an_error_text_that_complains_is_found() {
    check_planted(Planted {
        check: "error texts",
        files: &[(
            "crates/journal/src/a.rs",
            "#[error(\"invalid record\")]\n#[error(\"record 7 ends at 12: cut the file there\")]\n",
        )],
        found: expect![[r#"
            crates/journal/src/a.rs:1: "invalid": say what is wrong, the numbers, what would be right
        "#]],
    });
}

#[test]
fn a_machine_path_or_a_package_host_is_found() {
    const PATH: &str = concat!("cd ", "/", "work", "/main\n");
    const HOST: &str = concat!("https://registry", ".npmjs", ".org/ccxt\n");
    check_planted(Planted {
        check: "foreign names",
        files: &[("docs/a.md", PATH), ("clients/package-lock.json", HOST), ("Cargo.lock", HOST)],
        found: expect![[r#"
            clients/package-lock.json:1: the host of a package registry: leave it out
            docs/a.md:1: a path of one machine: leave it out
        "#]],
    });
}

#[test]
fn a_link_to_nowhere_is_found() {
    check_planted(Planted {
        check: "links",
        files: &[
            ("README.md", "[a](docs/a.md#part) [b](docs) [c](gone.md)\n```\n[d](gone.md)\n```\n"),
            (
                "docs/a.md",
                "[up](../README.md) [out](https://example.com) [x](README.md) [y](#here)\n",
            ),
        ],
        found: expect![[r#"
            README.md:1: links to gone.md, and there is no gone.md
            docs/a.md:1: links to README.md, and there is no docs/README.md
        "#]],
    });
}

#[test]
fn a_command_of_the_readme_that_does_not_exist_is_found() {
    check_planted(Planted {
        check: "commands in the README",
        files: &[
            (
                "README.md",
                "plimsoll prose\n```\nplimsoll serve --port 1\nplimsoll dance\ncargo xtask fly\n\
                 cargo run --release\ncargo run --release -- log verify\n./clients/run\nno/such\n```\n",
            ),
            ("crates/plimsoll/src/cli.rs", "enum Command {\n    Serve(Serve),\n    Log(Log),\n}\n"),
            ("xtask/src/main.rs", "\"tidy\""),
            ("clients/run", "#!/bin/sh\n"),
        ],
        found: expect![[r#"
            README.md:4: plimsoll has no subcommand dance
            README.md:5: xtask has no subcommand fly
            README.md:9: there is no script no/such
        "#]],
    });
}

#[test]
fn a_rule_without_a_test_and_a_test_without_a_rule_are_found() {
    check_planted(Planted {
        check: "rules and their tests",
        files: &[
            (
                "docs/rules/orders.md",
                "- **ORD-1** One.\n- **ORD-2** Two, see ORD-3.\n- **ORD-4** Four.\n- **ORD-5** Five.\n\
                 **ORD-1** Again.\n",
            ),
            ("crates/engine/src/a.rs", "// ORD-2 is why; BTC-25 is a name and SHA-256 a hash.\n"),
            ("crates/engine/src/check.rs", "assert!(holds, \"ORD-5: it does not\");\n"),
            ("crates/engine/src/tests.rs", "// ORD-1\n// ORD-9\nfn ord_4_is_named() {}\n"),
        ],
        found: expect![[r#"
            docs/rules/orders.md:5: ORD-1 is stated twice
            crates/engine/src/tests.rs:2: cites ORD-9, and docs/rules has no such rule
            docs/rules/orders.md:2: no test cites ORD-2: write the test that shows it
        "#]],
    });
}

#[test]
fn a_refusal_without_its_own_code_and_row_is_found() {
    check_planted(Planted {
        check: "refusals",
        files: &[
            (
                "crates/types/src/reject.rs",
                "match self {\n Reject::A { .. } => 101,\n Reject::B => 102,\n Reject::C { x } => 101,\n}\n",
            ),
            ("docs/rules/rejects.md", "| 101 | `A` | when |\n| 102 | `X` | when |\n"),
        ],
        found: expect![[r#"
            crates/types/src/reject.rs:3: B (102) has no row in docs/rules/rejects.md: add it
            crates/types/src/reject.rs:4: C and A share the code 101: a code is for ever
            crates/types/src/reject.rs:4: C (101) has no row in docs/rules/rejects.md: add it
        "#]],
    });
}

#[test]
fn a_planted_bug_on_its_way_into_a_release_is_found() {
    check_planted(Planted {
        check: "planted bugs",
        files: &[
            (
                "Cargo.toml",
                "[workspace.dependencies]\ntypes = { features = [\"planted\"] }\n[profile.release]\ndebug-assertions = true\n",
            ),
            (
                "crates/plimsoll/Cargo.toml",
                "[features]\ndefault = [\"planted\"]\nplanted = [\"types/planted\"]\n",
            ),
            (
                "crates/sim/Cargo.toml",
                "[features]\nswarm = [\"types/planted\"]\n[target.'cfg(unix)'.dev-dependencies]\nreplica = { features = [\"a\", \"planted\"] }\n",
            ),
            ("crates/types/Cargo.toml", "[features]\nplanted = []\n"),
        ],
        found: expect![[r#"
            Cargo.toml:0: types is used with planted: forward it from a feature of that name
            Cargo.toml:0: a release has debug assertions: they are what keeps planted out of it
            crates/plimsoll/Cargo.toml:0: feature default brings planted: only one of that name may
            crates/sim/Cargo.toml:0: feature swarm brings planted: only one of that name may
            crates/sim/Cargo.toml:0: replica is used with planted: forward it from a feature of that name
        "#]],
    });
}
