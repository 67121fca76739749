//! What the runtime does, seen through its API: guests written for the purpose are compiled,
//! linked, loaded and run. Whatever does not depend on it is tested in both trap styles, with
//! and without optimisation (see `wasmaot_tests::ways`). What is expected comes from the
//! specification or from how the guest was made.

mod addresses;
mod allocations;
mod child;
mod crowded;
mod guests;

mod asleep;
mod bulk;
mod dispatch;
mod externref;
mod fuel;
mod function_references;
mod host;
mod inline;
mod interrupt;
mod isolation;
mod leak;
mod limits;
mod linking;
mod litmus;
mod loops;
mod memory;
mod memory64;
mod products;
mod shared;
mod signals;
mod single;
mod stack;
mod start;
mod tables;
mod tail_calls;
mod threads;
mod traps;
mod turns;
mod vectors;
mod waiting;
mod ways_out;
mod workloads;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;
