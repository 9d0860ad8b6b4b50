/** Bits of the section `snomed.state`. */
export const STATE = { active: 1, defined: 2 } as const
