"""A hint to the processor: what of an array is going to be read soon."""

from numba import config

if config.DISABLE_JIT:

    def prefetch(array, index):
        """Do nothing: without the compiler there is nobody to give the hint to."""

else:
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    READ, KEEP, DATA = 0, 3, 1

    @intrinsic
    def prefetch(typing_context, array, index):
        """Ask for the cache line of ``array[index]``, of one dimension; never fails."""

        def generate(context, builder, signature, values):
            view = context.make_array(array)(context, builder, values[0])
            bytes_ = ir.IntType(8).as_pointer()
            address = builder.bitcast(builder.gep(view.data, [values[1]]), bytes_)
            number = ir.IntType(32)
            function = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(ir.VoidType(), [bytes_, number, number, number]),
                "llvm.prefetch.p0i8",
            )
            builder.call(function, [address, number(READ), number(KEEP), number(DATA)])
            return context.get_dummy_value()

        return types.void(array, index), generate
