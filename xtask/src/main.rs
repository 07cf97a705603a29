//! Chores of the repository: `cargo xtask test`, `tidy` and `mutants`.

use std::process::ExitCode;

use xtask::{everything, mutants, tidy, workspace_root};

fn main() -> ExitCode {
    let task = std::env::args().nth(1);
    match task.as_deref() {
        Some("tidy") => {
            let complaints = tidy::check(&workspace_root());
            for complaint in &complaints {
                println!("{complaint}");
            }
            ExitCode::from(u8::from(!complaints.is_empty()))
        }
        Some("test") => everything::run(&workspace_root()),
        Some("mutants") => mutants::run(&workspace_root(), std::env::args().nth(2).as_deref()),
        _ => {
            eprintln!("usage: cargo xtask test | tidy | mutants [part of a name]");
            ExitCode::from(2)
        }
    }
}
