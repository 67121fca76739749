//! What limits cost: the kernels with fuel and with epochs, neither of which ever runs out.

use wasmaot::{Epoch, Imports, Instance, Store, Val};
use wasmtime::error::Context as _;
use wasmtime::{OperatorCost, Result, VariableOperatorCost, ensure};

use crate::guests;
use crate::kernels::{Case, all, checked, ours, ours_in, peer_with};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    let mut plain = ours(guests::kernels_module())?;
    let mut store = Store::new(());
    store.set_fuel(u64::MAX);
    let mut fuel = ours_in(store, guests::kernels_fuel_module())?;
    let mut store = Store::new(());
    store.set_deadline(&Epoch::new(), u64::MAX);
    let mut epochs = ours_in(store, guests::kernels_epochs_module())?;
    let mut config = peer::config(Cpu::Baseline)?;
    let mut peer_plain = peer_with(&config, |_| Ok(()))?;
    config.consume_fuel(true);
    let mut peer_fuel = peer_with(&config, |store| store.set_fuel(u64::MAX))?;
    config.consume_fuel(false).epoch_interruption(true);
    let mut peer_epochs = peer_with(&config, |store| {
        store.set_epoch_deadline(1 << 40);
        Ok(())
    })?;
    let all_of_them = &mut [
        &mut plain,
        &mut fuel,
        &mut epochs,
        &mut peer_plain,
        &mut peer_fuel,
        &mut peer_epochs,
    ];
    let cases = checked(all_of_them)?;
    count(&cases)?;

    report.section("Fuel", "Our code with fuel beside our code without.");
    all(report, &cases, &mut fuel, &mut plain);
    report.section("Fuel, the peer's", "Wasmtime's code with fuel beside its code without.");
    all(report, &cases, &mut peer_fuel, &mut peer_plain);
    report.section("Fuel, both", "Our code with fuel beside wasmtime's with fuel.");
    all(report, &cases, &mut fuel, &mut peer_fuel);
    report.section("Epochs", "Our code with epochs beside our code without.");
    all(report, &cases, &mut epochs, &mut plain);
    report.section("Epochs, the peer's", "Wasmtime's code with epochs beside its code without.");
    all(report, &cases, &mut peer_epochs, &mut peer_plain);
    report.section("Epochs, both", "Our code with epochs beside wasmtime's with epochs.");
    all(report, &cases, &mut epochs, &mut peer_epochs);
    Ok(())
}

/// Enough for every case.
const PLENTY: u64 = 1 << 60;

/// Checks that the peer counts the same, told the same costs: the numbers come out of two
/// programs that have nothing of this in common. It takes 1 where a function begins, be it called by
/// the host, where we take 1 for the call; and of bulk instructions, it takes nothing or 1 for each
/// byte, where we take 1 for each 64. (All that the kernels use are those of memories.)
fn count(cases: &[Case]) -> Result<()> {
    let (without, with) = (peer_count(cases, 0)?, peer_count(cases, 1)?);
    for ((case, without), with) in cases.iter().zip(without).zip(with) {
        let mut store = Store::new(());
        store.set_fuel(PLENTY);
        let instance = Instance::new(&mut store, guests::kernels_fuel_module(), &Imports::new())?;
        let func = instance.get_func(&store, case.export).context(case.export)?;
        func.call(&mut store, &[Val::I32(case.n)], &mut [Val::I32(0)])?;
        let (ours, bytes) = (PLENTY - store.fuel(), with - without);
        // Equal, where there are no such instructions.
        ensure!(
            (without..=without + bytes / 64).contains(&ours),
            "{}({}) takes {ours}, or {without} by the peer, and {bytes} bytes",
            case.export,
            case.n
        );
    }
    Ok(())
}

/// What the peer counts, with a cost for each byte of bulk instructions.
fn peer_count(cases: &[Case], per_byte: u8) -> Result<Vec<u64>> {
    let mut variable = VariableOperatorCost::default();
    variable.memory_copy_per_byte = per_byte;
    variable.memory_fill_per_byte = per_byte;
    variable.memory_grow_per_page = 0;
    let costs = OperatorCost {
        Drop: 1,
        Return: 1,
        Unreachable: 1,
        Call: 0,
        CallIndirect: 0,
        variable,
        ..OperatorCost::new()
    };
    let mut config = peer::config(Cpu::Baseline)?;
    config.consume_fuel(true).operator_cost(costs);
    let engine = wasmtime::Engine::new(&config)?;
    let module = wasmtime::Module::new(&engine, guests::KERNELS)?;
    let run = |case: &Case| {
        let mut store = wasmtime::Store::new(&engine, ());
        store.set_fuel(PLENTY)?;
        let instance = wasmtime::Instance::new(&mut store, &module, &[])?;
        let func = instance.get_func(&mut store, case.export).context(case.export)?;
        let params = [wasmtime::Val::I32(case.n)];
        func.call(&mut store, &params, &mut [wasmtime::Val::I32(0)])?;
        Ok(PLENTY - store.get_fuel()? - 1)
    };
    cases.iter().map(run).collect()
}
