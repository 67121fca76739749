//! Exports called with an array of values, as hosts in C may that learn of types at run time.

use wasmaot::bindings::{ArrayCall, ValRaw, VmContext, VmReturn};
use wasmaot::{Error, Store, TrapCode};
use wasmaot_bindings_tests::slots;

macro_rules! exports {
    ($($name:ident)*) => {
        unsafe extern "C" {
            $(fn $name(
                callee: *mut VmContext,
                caller: *mut VmContext,
                values: *mut ValRaw,
                len: usize,
            ) -> bool;)*
        }
    };
}

exports! {
    in_slots_nothing_array_call
    in_slots_four_array_call
    in_slots_twenty_array_call
    in_slots_divide_array_call
}

/// Calls an export with as many values as it has parameters or results.
fn call(
    guest: &mut slots::Slots<Store<()>>,
    export: ArrayCall,
    values: &mut [ValRaw],
) -> Result<(), Error> {
    let instance = guest.instance();
    let call = |context| {
        // SAFETY: the context is that of the instance, of whose module the export is.
        let ok = unsafe { export(context, context, values.as_mut_ptr(), values.len()) };
        VmReturn { value: 0, status: u64::from(!ok) }
    };
    // SAFETY: as above.
    unsafe { wasmaot::bindings::call(guest.store_mut(), instance, call).map(|_| ()) }
}

#[test]
fn values_of_all_types_go_in_and_out() {
    let mut guest = slots::Slots::new().unwrap();
    call(&mut guest, in_slots_nothing_array_call, &mut []).unwrap();
    let mut values = [ValRaw::from_f32(1.5); 4];
    call(&mut guest, in_slots_four_array_call, &mut values).unwrap();
    let [a, b, c, d] = values;
    assert_eq!((a.to_f32(), b.to_f64(), c.to_i32(), d.to_i64()), (1.5, 2.5, -3, -4));
    // More than there are registers for, each weighed by its place. The `f32` are those of the places that
    // leave 3 if divided by 4, of which the guest looks at the last one.
    let mut values = [(); 20].map(|()| ValRaw::default());
    for (value, place) in values.iter_mut().zip(1_i8..) {
        *value = match place % 4 {
            1 => ValRaw::from_i32(place.into()),
            2 => ValRaw::from_i64(place.into()),
            3 => ValRaw::from_f32(place.into()),
            _ => ValRaw::from_f64(place.into()),
        };
    }
    call(&mut guest, in_slots_twenty_array_call, &mut values).unwrap();
    let squares = |places: &[i32]| places.iter().map(|place| place * place).sum::<i32>();
    let integers = squares(&[1, 2, 6, 10, 14, 17, 18]);
    let floats = squares(&[4, 19, 20]);
    assert_eq!((values[0].to_i64(), values[1].to_f64()), (integers.into(), floats.into()));
}

#[test]
fn what_fails_says_so_and_can_be_called_again() {
    let mut guest = slots::Slots::new().unwrap();
    for _ in 0..3 {
        let mut values = [7, 0].map(ValRaw::from_i32);
        let error = call(&mut guest, in_slots_divide_array_call, &mut values).unwrap_err();
        assert_eq!(error.trap().unwrap().code(), TrapCode::IntegerDivideByZero);
        let mut values = [-7, 2].map(ValRaw::from_i32);
        call(&mut guest, in_slots_divide_array_call, &mut values).unwrap();
        assert_eq!(values[0].to_i32(), -3);
    }
}
