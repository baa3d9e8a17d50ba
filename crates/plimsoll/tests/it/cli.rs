//! The command line: what it teaches, what it refuses.

use expect_test::expect;

use crate::process::{Server, run, text};

#[test]
fn what_is_not_a_command_is_refused_with_code_2() {
    for args in [&["dance"][..], &["serve", "--colour"], &["mirror"], &["demo", "--port", "70000"]]
    {
        assert_eq!(run(args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let help = text(&run(&["--help"]).stdout);
    assert!(help.contains("Exit codes:") && help.contains("mirror"), "{help}");
    for command in ["demo", "serve", "mirror", "operator"] {
        let help = text(&run(&[command, "--help"]).stdout);
        assert!(help.contains("Examples:"), "{command}: {help}");
    }
}

#[test]
fn a_configuration_is_refused_whole_before_anything_opens() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = home.path().join("venue.toml");
    std::fs::write(&file, "listen = 1\n[log]\nsnapshots_keep = 0\n").expect("the file is written");
    let data = home.path().join("data");
    let (file, directory) = (file.display().to_string(), data.display().to_string());
    let refused = run(&["serve", "--config", &file, "--data", &directory]);
    assert_eq!(refused.status.code(), Some(1));
    expect![[r#"
        plimsoll: the configuration has 2 problems:
          listen is 1: write a text in quotes, such as "127.0.0.1:8080"
          log.snapshots_keep is 0: set between 1 and 100
    "#]]
    .assert_eq(&text(&refused.stderr));
    assert!(!data.exists(), "nothing was opened");
}

/// VER-4: first of all it goes by the newest rules.
#[test]
fn serve_lists_its_instruments_once_and_inspect_shows_them() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let genesis = home.path().join("genesis.toml");
    let instruments =
        "[[instrument]]\nname = 'BTC-PERPETUAL'\n[[instrument]]\nname = 'ETH-25DEC99'\n";
    std::fs::write(&genesis, instruments).expect("the file is written");
    let data = home.path().join("data").display().to_string();
    let genesis = genesis.display().to_string();
    let args = ["serve", "--json", "--port", "0", "--data", &data, "--genesis", &genesis];
    let first = Server::start(&args).expect("it starts");
    assert!(first.ready["operator"]["client_secret"].is_string(), "the key is printed once");
    assert!(first.terminate().0.success());
    let second = Server::start(&args).expect("it starts again");
    assert!(second.ready["operator"].is_null(), "the key is not printed again");
    assert!(second.terminate().0.success());

    let inspected = text(&run(&["log", "inspect", "--data", &data, "--limit", "4"]).stdout);
    let lines = inspected
        .lines()
        .filter(|line| ["listed", "from here on"].iter().any(|word| line.contains(word)));
    let lines: String = lines.map(|line| format!("{}\n", line.trim())).collect();
    expect![[r#"
        from here on by version 2 of the rules
        from here on by version 3 of the rules
        from here on by version 4 of the rules
        instrument 0 listed: BTC-PERPETUAL
        from here on by version 2 of the rules
        from here on by version 3 of the rules
        from here on by version 4 of the rules
        instrument 0 listed: ETH-25DEC99
        from here on by version 2 of the rules
        from here on by version 3 of the rules
        from here on by version 4 of the rules
    "#]]
    .assert_eq(&lines);
}

#[test]
fn a_directory_without_a_log_is_said_to_have_none() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let verify = run(&["log", "verify", "--data", &home.path().display().to_string()]);
    assert_eq!(verify.status.code(), Some(1));
    assert!(text(&verify.stderr).contains("has no log in it"));
}
