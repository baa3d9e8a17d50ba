//! Scratch: not to be committed.
use sim::{run::run, setup::Setup};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (first, count): (u64, u64) = (args[1].parse().unwrap(), args[2].parse().unwrap());
    let setup = args.get(3).cloned().unwrap_or_default();
    if let Some(bug) = args.get(4) {
        let bug = types::planted::Bug::ALL.iter().copied().find(|one| one.name() == bug).expect("a bug");
        types::planted::plant(Some(bug));
    }
    std::panic::set_hook(Box::new(|_| {}));
    let begun = std::time::Instant::now();
    let (mut seconds, mut barred, mut asked, mut done, mut hung) = (0, 0, 0, 0, 0);
    for seed in first..first + count {
        let setup = Setup::whole(seed).with(&setup).unwrap();
        let out = run(&setup).unwrap();
        let report = &out.report;
        seconds += report.lasted; barred += report.n_barred; asked += report.n_asked; done += report.n_done; hung += report.n_hung_up;
        if std::env::var("FP").is_ok() { println!("{seed} {:016x}", report.fingerprint); }
        if let Some(violation) = out.violation {
            println!("seed {seed} after {} s of {}: {}", report.lasted, setup.seconds, violation.to_string().chars().take(1500).collect::<String>());
            println!("took {:.1} s", begun.elapsed().as_secs_f64());
            if std::env::var("GO").is_err() { std::process::exit(1); }
        }
    }
    let took = begun.elapsed().as_secs_f64();
    println!("{count} worlds, {seconds} s in {took:.1} s: {:.0} x; asked {asked} done {done} barred {barred} hung {hung}", seconds as f64 / took);
}
