use sim::setup::Setup;
#[expect(clippy::print_stdout, reason = "scratch")]
fn main() {
    let args: Vec<u64> = std::env::args().skip(1).map(|a| a.parse().expect("n")).collect();
    std::panic::set_hook(Box::new(|i| eprintln!("{i}")));
    let (from, n) = (args[0], args.get(1).copied().unwrap_or(1));
    for seed in from..from + n {
        let mut setup = Setup::swarm(seed);
        if let Some(s) = args.get(2) {
            setup.seconds = *s;
        }
        let begin = std::time::Instant::now();
        let out = sim::run::run(&setup).expect("io");
        let r = &out.report;
        let took = begin.elapsed().as_secs_f64();
        println!(
            "{seed}: nodes {} {}s rate {} {:?} faults {:?} -> {} entries {} asked {} done {} refused {} nottaken {} unknown; elections {} snaps {} inst {} repl; {:.2}s {:.0}x fp {:x}",
            r.nodes,
            r.seconds,
            setup.orders_per_s,
            setup.trades.len(),
            r.faults.values().sum::<u64>(),
            r.entries,
            r.n_asked,
            r.n_done,
            r.n_refused,
            r.n_not_taken,
            r.n_unknown,
            r.n_elections,
            r.n_snapshots,
            r.n_installed,
            took,
            r.seconds as f64 / took,
            r.fingerprint
        );
        if n == 1 {
            println!("{:?}\n{:?}", r.marks, r.faults);
        }
        if let Some(v) = out.violation {
            println!("   VIOLATION {v}\n{}", out.story.last_words());
            println!("{setup:?}");
            if n > 1 {
                println!("stopping");
            }
            return;
        }
    }
}
