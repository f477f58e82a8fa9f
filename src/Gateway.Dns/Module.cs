using System.Runtime.CompilerServices;

// The buffers on the stack of the answering path are written before they are read; clearing them costs more than the look-up.
[module: SkipLocalsInit]
