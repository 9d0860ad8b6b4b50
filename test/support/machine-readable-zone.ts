/** Writes machine-readable zones of invented documents (ICAO Doc 9303-4 to -6), apart from what reads them. */

const value = (character: string) => (character === '<' ? 0 : Number.parseInt(character, 36))
const digit = (text: string) =>
  String([...text].reduce((sum, each, at) => sum + value(each) * ([7, 3, 1][at % 3] ?? 0), 0) % 10)
const fill = (text: string, length: number) => text.padEnd(length, '<').slice(0, length)

/** What stands in an invented zone. */
export interface MadeZone {
  layout: 'TD1' | 'TD2' | 'TD3'
  /** As in its field: `SPECIMEN<<ADA<MARIA`; cut where it is longer. */
  name: string
  /** YYMMDD. */
  born: string
  /** Of an absent personal number: `<`, which is the default, or `0`. */
  personalDigit?: string
}

/** The lines of a zone with right check digits. */
export function machineReadableZone({ layout, name, born, personalDigit = '<' }: MadeZone): string[] {
  const number = `X00000000${digit('X00000000')}`
  const dates = `${born}${digit(born)}F351231${digit('351231')}`
  if (layout === 'TD1') {
    const rest = '<'.repeat(15)
    const whole = digit(`${number}${rest}${born}${digit(born)}351231${digit('351231')}${'<'.repeat(11)}`)
    return [`I<UTO${number}${rest}`, `${dates}UTO${'<'.repeat(11)}${whole}`, fill(name, 30)]
  }
  const columns = layout === 'TD2' ? 36 : 44
  const rest = layout === 'TD2' ? '<'.repeat(7) : `${'<'.repeat(14)}${personalDigit}`
  const whole = digit(`${number}${born}${digit(born)}351231${digit('351231')}${rest}`)
  return [fill(`${layout === 'TD2' ? 'I' : 'P'}<UTO${name}`, columns), `${number}UTO${dates}${rest}${whole}`]
}
