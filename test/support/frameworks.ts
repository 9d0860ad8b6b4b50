import type { Framework } from '../../src/trust/keys/trusted-key.ts'

/** Families of credentials as they look for keys. */
export const frameworks = {
  hcert: { name: 'hcert', issuers: 'country' },
  'icao-vds-nc': { name: 'icao-vds-nc', issuers: 'country' },
  shc: { name: 'shc', issuers: 'address' },
  divoc: { name: 'divoc', issuers: 'address' },
} as const satisfies Record<string, Framework>
