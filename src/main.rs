//! The `dsrd` program: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;
use dsrd::cli::args::Args;

fn main() -> ExitCode {
    dsrd::cli::dispatch::dispatch(Args::parse())
}
