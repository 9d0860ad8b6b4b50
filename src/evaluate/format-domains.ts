import type { Format } from '../credentials/credential-format.ts'

/**
 * Trust domains of the network whose keys are there to sign a kind of credential (WHO smart-trust, domains; the network spells the
 * international certificate of vaccination both ways). A kind that is not here may be signed under any domain.
 */
const formatDomains: Partial<Record<Format, string[]>> = {
  'hcert-dcc': ['DCC'],
  'hcert-ddcc-vs': ['DDCC'],
  'hcert-ddcc-tr': ['DDCC'],
  'hcert-dvc': ['ICVP', 'DICVP', 'DDCC', 'RACSEL-DDVC'],
  'hcert-icvp': ['ICVP', 'DICVP'],
  'hcert-link': ['IPS-PILGRIMAGE', 'PH4H', 'IPS'],
  divoc: ['DDCC'],
}

/** What is unusual about a key of that domain under those kinds of credential; undefined when nothing, or when the key names no domain. */
export function domainMismatch(formats: Format[], domain: string): string | undefined {
  if (domain === '') return undefined
  const other = formats.find((format) => formatDomains[format]?.includes(domain.toUpperCase()) === false)
  return other === undefined ? undefined : `the key's domain ${domain} is not one that signs ${other}`
}
