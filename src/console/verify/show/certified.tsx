/** What the credential certifies, in plain words. */
import type { ComponentChildren } from 'preact'
import { fill, shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Icon } from '../../parts/icon.tsx'
import { countryName } from '../input/countries.ts'
import { locale } from '../input/reader.ts'
import type { CertifiedContent, CertifiedEvent, RowValue } from '../reply/content.ts'
import type { NameOf } from './use-names.ts'

/** Events, then what the certificate says of itself. */
export function Certified({ content, nameOf }: { content: CertifiedContent; nameOf: NameOf }) {
  const { certified } = texts().verify
  const { events, certificate, validity, issuedBy } = content
  return (
    <section class="certified">
      <h3>{certified.head}</h3>
      {events.length === 0 && <p>{certified.nothing}</p>}
      {events.map((event) => (
        <Event event={event} nameOf={nameOf} />
      ))}
      <dl class="told-facts">
        {validity && <Fact label={certified.valid}>{shownPeriod(validity)}</Fact>}
        {issuedBy && <Fact label={certified.issuedBy}>{issuedBy}</Fact>}
        {certificate && <Fact label={certified.certificate}>{certificate}</Fact>}
      </dl>
    </section>
  )
}

function Event({ event, nameOf }: { event: CertifiedEvent; nameOf: NameOf }) {
  const { certified } = texts().verify
  const { kind, type, title, rows, warning } = event
  const about = title.map(nameOf).filter(Boolean)
  return (
    <article class="event">
      <h4>
        {kind === 'other' ? <bdi>{type}</bdi> : certified.kinds[kind]}
        {about.length > 0 && (
          <>
            {' · '}
            <bdi>{[...new Set(about)].join(', ')}</bdi>
          </>
        )}
      </h4>
      {warning && (
        <p class="person-missing">
          <Icon name="warning" /> {fill(certified.warning, { status: warning })}
        </p>
      )}
      <dl class="told-facts">
        {rows.map(([name, value]) => (
          <Fact label={certified.rows[name]}>{shown(value, nameOf)}</Fact>
        ))}
      </dl>
    </article>
  )
}

/** A row of a list of facts. */
export function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{label}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  )
}

function shown(value: RowValue, nameOf: NameOf): string {
  const { certified } = texts().verify
  if ('text' in value) return value.text
  if ('codes' in value) return [...new Set(value.codes.map(nameOf).filter(Boolean))].join(' · ')
  if ('date' in value) return shownDate(value.date, locale())
  if ('period' in value) return shownPeriod(value.period)
  if ('country' in value) return countryName(value.country, locale())
  const { number, of } = value.dose
  return of ? fill(certified.dose, { number, of }) : number
}

function shownPeriod({ start, end }: { start?: string; end?: string }): string {
  const { certified } = texts().verify
  const dates = { start: shownDate(start ?? '', locale()), end: shownDate(end ?? '', locale()) }
  return fill(start && end ? certified.period : start ? certified.from : certified.until, dates)
}
