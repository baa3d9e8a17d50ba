//! The files of a cluster, a directory for each node to copy to its machine.
//!
//! ```text
//!   DIR/ca.key ca.pem           the authority: its key stays where no node is
//!   DIR/node-1/plimsoll.toml    who it is, and who the others are
//!              ca.pem node.pem node.key
//!              data/keys.json   the same on every node: who may call
//!              data/notice.pem  the same on every node: the venue signs as one
//! ```
//! Nothing that exists is overwritten, and that is looked at before the first file is written.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use gateway::{KeyStore, NewKey, OPERATOR_SCOPE};
use types::AccountId;

use super::authority::{Authority, Made, node_name};
use crate::cli::{ClusterCertificate, ClusterInit};
use crate::config::{ClusterConfig, Config, Peer, Problems, check_id, check_members, quorum};
use crate::key_file::KeyFile;
use crate::serve::notices;
use crate::{clock, output};

/// The configuration in a node's directory.
pub const CONFIG: &str = "plimsoll.toml";
/// Who may call, in a node's data directory.
pub const KEYS: &str = "keys.json";
/// The data directory in a node's directory.
const DATA: &str = "data";
/// For secrets.
const OWNERS: u32 = 0o600;
/// For everything else.
const EVERYBODYS: u32 = 0o644;
/// What of a node's data is the same on all of them.
const SHARED: [&str; 2] = [KEYS, notices::KEY];

/// What to write.
pub struct Layout<'a> {
    /// Where.
    pub dir: &'a Path,
    /// Name of the cluster.
    pub id: &'a str,
    /// Its members.
    pub members: &'a [Peer],
    /// One zone may hold a quorum.
    pub one_zone: bool,
    /// More for each configuration file; the nodes run where the files are made.
    pub local: Option<&'a str>,
}

/// Runs `cluster init`.
pub fn init(args: &ClusterInit) -> anyhow::Result<()> {
    let mut members: Vec<Peer> = args.members.iter().map(|member| member.0.clone()).collect();
    members.sort_by_key(|member| member.node);
    let layout = Layout {
        dir: &args.dir,
        id: &args.id,
        members: &members,
        one_zone: args.one_zone,
        local: None,
    };
    write(&layout, operator_key)?;
    output::say(&told(&layout))?;
    Ok(())
}

/// Writes all files; `make_keys` makes the first keys in a data directory.
pub fn write(
    layout: &Layout<'_>,
    make_keys: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Layout { dir, id, members, one_zone, .. } = *layout;
    let mut problems: Vec<_> = check_id(id).into_iter().collect();
    problems.extend(check_members(members, one_zone));
    if !problems.is_empty() {
        return Err(Problems(problems).into());
    }
    let homes = members.iter().map(|member| home(dir, member.node));
    refuse_overwriting(homes.chain([dir.join("ca.key"), dir.join("ca.pem")]))?;

    let (authority, ca) = Authority::make(id)?;
    make_dir(dir)?;
    write_file(&dir.join("ca.key"), &ca.key, OWNERS)?;
    write_file(&dir.join("ca.pem"), &ca.certificate, EVERYBODYS)?;
    let first = members.first().context("a cluster has a member")?.node;
    for member in members {
        let made = authority.certify(member.node)?;
        write_node(layout, member, &made, &ca.certificate, member.node == first)?;
    }
    let first_data = home(dir, first).join(DATA);
    make_keys(&first_data)?;
    notices::open_key(&first_data)?;
    for member in members.iter().skip(1) {
        copy_shared(&first_data, &home(dir, member.node).join(DATA))?;
    }
    Ok(())
}

/// Runs `cluster certificate`.
pub fn certificate(args: &ClusterCertificate) -> anyhow::Result<()> {
    let dir = &args.dir;
    let (first_home, known) = first_node(dir)?;
    let mut members = known.peers;
    for member in args.members.iter().map(|member| &member.0) {
        members.retain(|other| other.node != member.node);
        members.push(member.clone());
    }
    members.sort_by_key(|member| member.node);
    let Some(new) = members.iter().find(|member| member.node == args.node) else {
        let node = args.node;
        bail!("node {node} is not among the members: give --member {node}=HOST:PORT,api=…,zone=…");
    };
    let problems = check_members(&members, known.one_zone);
    if !problems.is_empty() {
        return Err(Problems(problems).into());
    }
    let home = home(dir, args.node);
    refuse_overwriting([home.clone()].into_iter())?;
    let read = |name: &str| {
        let path = dir.join(name);
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let (ca, key) = (read("ca.pem")?, read("ca.key")?);
    let made = Authority::open(&known.id, &key)?.certify(args.node)?;

    let layout =
        Layout { dir, id: &known.id, members: &members, one_zone: known.one_zone, local: None };
    write_node(&layout, new, &made, &ca, false)?;
    copy_shared(&first_home.join(DATA), &home.join(DATA))?;
    output::say(&told_one(&layout, new, &home))?;
    Ok(())
}

/// The first key: the operator's.
fn operator_key(data: &Path) -> anyhow::Result<()> {
    let (account, name) = (AccountId(0), "operator".to_owned());
    let new = NewKey { account, name, max_scope: OPERATOR_SCOPE.into(), limits: None };
    let keys = KeyStore::open(&data.join(KEYS))?;
    keys.create(new, clock::log_time().0).context("making the operator's key")?;
    Ok(())
}

/// The directory of a node.
pub fn home(dir: &Path, node: u64) -> PathBuf {
    dir.join(format!("node-{node}"))
}

/// The data directory of a node.
pub fn data(dir: &Path, node: u64) -> PathBuf {
    home(dir, node).join(DATA)
}

/// The lowest node whose files are in a directory, and what they say of the cluster.
fn first_node(dir: &Path) -> anyhow::Result<(PathBuf, ClusterConfig)> {
    let homes = (1..=crate::config::NODES_MAX).map(|node| home(dir, node));
    let mut homes = homes.filter(|home| home.join(CONFIG).is_file());
    let home = homes.next().with_context(|| {
        format!("{} has no node-1/{CONFIG}: give the directory of cluster init", dir.display())
    })?;
    let (config, _) = Config::read(Some(&home.join(CONFIG)), Vec::new())?;
    let cluster = config.cluster.context("the file of a node has [cluster]")?;
    Ok((home, cluster))
}

fn refuse_overwriting(paths: impl Iterator<Item = PathBuf>) -> anyhow::Result<()> {
    let there: Vec<String> =
        paths.filter(|path| path.exists()).map(|path| path.display().to_string()).collect();
    if !there.is_empty() {
        bail!("there is {} already: nothing is overwritten, so move it", there.join(", "));
    }
    Ok(())
}

fn write_node(
    layout: &Layout<'_>,
    member: &Peer,
    made: &Made,
    ca: &str,
    begins: bool,
) -> anyhow::Result<()> {
    let home = home(layout.dir, member.node);
    make_dir(&home.join(DATA))?;
    write_file(&home.join("ca.pem"), ca, EVERYBODYS)?;
    write_file(&home.join("node.pem"), &made.certificate, EVERYBODYS)?;
    write_file(&home.join("node.key"), &made.key, OWNERS)?;
    let data = match layout.local {
        Some(_) => fs::canonicalize(home.join(DATA)).context("looking for the data directory")?,
        None => PathBuf::from(DATA),
    };
    let text = config_text(layout, member, &data, begins);
    write_file(&home.join(CONFIG), &text, EVERYBODYS)
}

/// The configuration of a node.
pub fn config_text(layout: &Layout<'_>, member: &Peer, data: &Path, begins: bool) -> String {
    let Peer { node, address, api, .. } = member;
    let (id, name) = (layout.id, node_name(*node));
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let (data, listen) = (quoted(&data.display().to_string()), api_listen(api));
    let mut text = format!(
        "# Node {node} of the cluster {id:?}, {name} in its certificate. What each key means:\n\
         #   plimsoll config explain --config {CONFIG}\n\
         data = {data}\n\
         listen = {listen:?}\n\
         {}\n\
         [cluster]\n\
         id = {id:?}\n\
         node = {node}\n\
         listen = {address:?}\n\
         ca = \"ca.pem\"\n\
         certificate = \"node.pem\"\n\
         key = \"node.key\"\n\
         begin = {begins}\n",
        layout.local.unwrap_or_default()
    );
    if layout.one_zone {
        text.push_str("one_zone = true\n");
    }
    for Peer { node, address, zone, api } in layout.members {
        text.push_str(&format!(
            "\n[[cluster.peer]]\nnode = {node}\naddress = {address:?}\nzone = {zone:?}\n\
             api = {api:?}\n"
        ));
    }
    text
}

/// Where an API listens that clients reach at an address: there, or everywhere behind a name.
fn api_listen(api: &str) -> String {
    match api.parse::<SocketAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => format!("0.0.0.0:{}", api.rsplit(':').next().unwrap_or("8080")),
    }
}

fn copy_shared(from: &Path, to: &Path) -> anyhow::Result<()> {
    for name in SHARED {
        let text = fs::read_to_string(from.join(name));
        let text = text.with_context(|| format!("reading {name} in {}", from.display()))?;
        write_file(&to.join(name), &text, OWNERS)?;
    }
    // Whatever is wrong with the key of the notices is known before the first start.
    KeyFile::open(&to.join(notices::KEY)).context("opening the copied notice key")?;
    Ok(())
}

fn make_dir(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))
}

fn write_file(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("writing {}", path.display()))
}

fn told(layout: &Layout<'_>) -> String {
    let (n, dir) = (layout.members.len(), layout.dir.display());
    let rows = layout.members.iter().map(|Peer { node, address, zone, .. }| {
        let host = address.rsplit_once(':').map_or("", |(host, _)| host);
        format!("  {dir}/node-{node} to {host} (zone {zone})\n")
    });
    format!(
        "made the cluster {:?}: {n} nodes, of which {} are a quorum.\n\
         Copy, with modes kept (cp -a, rsync -a):\n{}\
         and keep {dir}/ca.key where no node is: whoever has it can make a node.\n\
         The operator's key is in data/{KEYS} of each.\n\
         Then, on each machine, in its directory:\n  plimsoll serve --config {CONFIG}\n\
         Node {} begins the cluster at its first start, with the others as they come.",
        layout.id,
        quorum(n),
        rows.collect::<String>(),
        layout.members.first().map_or(0, |member| member.node),
    )
}

fn told_one(layout: &Layout<'_>, member: &Peer, home: &Path) -> String {
    let Peer { node, address, zone, api } = member;
    format!(
        "made node {node} of the cluster {:?} in {}.\n\
         Copy that directory to its machine, with modes kept. Keys that were made since the \
         cluster began are in data/{KEYS} of a node that runs: copy that over the one here.\n\
         Then, on the machine, in its directory:\n  plimsoll serve --config {CONFIG}\n\
         and from anywhere:\n  \
         plimsoll cluster add --node {node} --address {address} --api {api} --zone {zone} …",
        layout.id,
        home.display(),
    )
}
