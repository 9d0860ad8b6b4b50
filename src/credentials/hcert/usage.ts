import type { EventKind, Finding, Opened } from '../credential-format.ts'

/** The right arc and the wrong one, which is as common and means the same. */
const ARCS = ['1.3.6.1.4.1.1847', '1.3.6.1.4.1.0.1847']
const under = (arc: string) => ARCS.map((each) => `${each}.${arc}`)

/** Extended key usages of a signer (HCERT, key usage), by the kind of event that they allow; a patient summary has none of its own. */
const EVENT_USAGES: Partial<Record<EventKind, string[]>> = {
  t: under('2021.1.1'),
  v: under('2021.1.2'),
  r: under('2021.1.3'),
}
const HEALTH_USAGES = Object.values(EVENT_USAGES).flat()
/** Of a certificate that only wraps a raw EU DCC key (GDHCN, extended key usages). */
const RAW_DCC_USAGES = under('2022.1.22')

/**
 * Only these usages count; none of the health usages allows every event, else every certified event needs its own. A certificate
 * around a raw EU DCC key serves that kind alone.
 */
export function hcertKeyUsage(
  usages: readonly string[],
  { formats, events }: Pick<Opened, 'formats' | 'events'>,
): Finding | undefined {
  const has = (oids: string[]) => oids.some((oid) => usages.includes(oid))
  if (has(RAW_DCC_USAGES) && formats.some((format) => format !== 'hcert-dcc'))
    return denied('the key is one of the EU DCC alone')
  if (!has(HEALTH_USAGES)) return undefined
  const others = events.filter((event) => {
    const needed = EVENT_USAGES[event]
    return needed !== undefined && !has(needed)
  })
  return others.length === 0 ? undefined : denied(`extended key usage excludes events of kind ${others.join(', ')}`)
}

const denied = (detail: string): Finding => ({ check: 'key-usage', status: 'KEY_USAGE_MISMATCH', detail })
