/** What is to be known of the time of a verdict, on the page and in what is copied and printed of it. */
import { fill, shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { type Answer, mostGap } from '../desk/desk.ts'
import { locale } from '../input/reader.ts'

/** That it was judged as of another time, and that this machine's clock is wrong. */
export function clockCautions({ settings: { clock }, clockGap }: Answer): string[] {
  const { verify } = texts()
  const minutes = Math.round(Math.abs(clockGap) / 60)
  return [
    ...(clock ? [fill(verify.clockSet, { time: shownDate(clock, locale()) })] : []),
    ...(Math.abs(clockGap) > mostGap ? [fill(verify.clockWrong, { minutes })] : []),
  ]
}
