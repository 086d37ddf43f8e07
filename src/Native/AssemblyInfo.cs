using System.Runtime.CompilerServices;

// Whatever crosses the border is blittable; a slip is then a build error instead of a hidden copy.
[assembly: DisableRuntimeMarshalling]

// Argument buffers on the stack are written before they are read.
[module: SkipLocalsInit]
