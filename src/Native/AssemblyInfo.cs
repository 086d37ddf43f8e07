using System.Runtime.CompilerServices;

// Whatever crosses the border is blittable; a slip is then a build error instead of a hidden copy.
[assembly: DisableRuntimeMarshalling]
