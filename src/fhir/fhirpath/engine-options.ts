/** How every expression is compiled: results keep their types, decimals are calculated as decimals (`0.1 + 0.2` is `0.3`). */
export const ENGINE_OPTIONS = { resolveInternalTypes: false, preciseMath: true } as const
