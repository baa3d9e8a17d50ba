//! The repository as the checks see it: every text file that could be committed, read once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::source;

/// Directories that hold what is built, fetched or found, never what is committed.
const SKIPPED_DIRS: &[&str] = &[
    ".git",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    "artifacts",
    "corpus",
    "node_modules",
    "target",
];

/// Crates without clock, I/O, threads or hash maps (`DESIGN.md` §3, the first group).
pub const PURE: &[&str] =
    &["types", "book", "pricing", "risk", "oracle", "ledger", "engine", "market-data"];

/// All files, sorted by path.
pub struct Tree {
    /// The files.
    pub files: Vec<File>,
}

/// One text file.
pub struct File {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// As it is on disk.
    pub text: String,
    /// Rust files: `text` with comments and strings replaced by blanks, same lines.
    pub code: String,
    /// Rust files: whether it is compiled for tests or benchmarks only.
    pub is_test: bool,
}

impl Tree {
    /// Reads the repository that this crate was built in.
    pub fn of_this_repository() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ has a parent");
        let mut files = Vec::new();
        read_dir(root, root, &mut files);
        Tree::new(files)
    }

    /// A tree of paths and texts, which is also how the tests of the checks plant a breach.
    pub fn new(mut files: Vec<(String, String)>) -> Tree {
        files.sort();
        let test_modules = test_modules(&files);
        let files = files
            .into_iter()
            .map(|(path, text)| {
                let code = if is_rust(&path) { source::blank(&text) } else { String::new() };
                let is_test = is_rust(&path) && is_test_path(&path, &test_modules);
                File { path, text, code, is_test }
            })
            .collect();
        Tree { files }
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| is_rust(&file.path))
    }

    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// Name of the crate of ours that the file belongs to; empty outside of one.
    pub fn crate_name(&self) -> &str {
        let mut parts = self.path.split('/');
        match parts.next() {
            Some("crates") => parts.next().unwrap_or_default(),
            Some(top @ ("xtask" | "fuzz" | "peers")) => top,
            _ => "",
        }
    }

    /// Whether the file belongs to a pure crate.
    pub fn is_pure(&self) -> bool {
        self.path.starts_with("crates/") && PURE.contains(&self.crate_name())
    }

    /// Whether the file is in a `src` directory.
    pub fn is_src(&self) -> bool {
        self.path.contains("/src/")
    }
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

fn read_dir(root: &Path, dir: &Path, files: &mut Vec<(String, String)>) {
    let entries = fs::read_dir(dir).expect("a directory of the repository can be listed");
    for entry in entries {
        let entry = entry.expect("an entry of the repository can be read");
        let path = entry.path();
        let kind = entry.file_type().expect("an entry of the repository has a type");
        let name = entry.file_name();
        if kind.is_dir() {
            if !SKIPPED_DIRS.iter().any(|skipped| name == *skipped) {
                read_dir(root, &path, files);
            }
            continue;
        }
        // What is not UTF-8 is a fixture or a picture, and none of our rules is about those.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let from_root = path.strip_prefix(root).expect("the walk started at the root");
        files.push((from_root.to_string_lossy().replace('\\', "/"), text));
    }
}

/// Paths, without `.rs`, of the modules that are declared under `#[cfg(test)]`.
fn test_modules(files: &[(String, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in files.iter().filter(|(path, _)| is_rust(path)) {
        let mut lines = text.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            if !line.starts_with("#[cfg(test)]") {
                continue;
            }
            let declared = lines.peek().and_then(|next| declared_module(next));
            found.extend(declared.map(|name| format!("{}{name}", children_of(path))));
        }
    }
    found
}

fn declared_module(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").or(line.strip_prefix("pub(crate) ")).unwrap_or(line);
    line.strip_prefix("mod ")?.strip_suffix(';')
}

/// Where the child modules of a file are: in `src/` for `src/lib.rs`, in `src/a/` for `src/a.rs`.
fn children_of(path: &str) -> String {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => format!("{dir}/"),
        _ => format!("{}/", path.trim_end_matches(".rs")),
    }
}

fn is_test_path(path: &str, test_modules: &BTreeSet<String>) -> bool {
    let by_place = ["/tests/", "/benches/", "/examples/"].iter().any(|dir| path.contains(dir));
    let by_name = path.ends_with("/tests.rs");
    let module = path.trim_end_matches(".rs");
    let declared =
        test_modules.iter().any(|test| module == test || module.starts_with(&format!("{test}/")));
    by_place || by_name || declared
}
