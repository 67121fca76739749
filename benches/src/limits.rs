//! What limits cost: the kernels with fuel and with epochs, neither of which ever runs out.

use wasmaot::{Epoch, Store};
use wasmtime::Result;

use crate::guests;
use crate::kernels::{all, checked, ours, ours_in, peer_with};
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
