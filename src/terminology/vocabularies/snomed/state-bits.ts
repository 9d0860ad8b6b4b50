/** Bits of the state of a concept (concept-table.ts). */
export const STATE = { active: 1, defined: 2 } as const
