/** Pictures of codes as cameras and scanners make them: placed in perspective, blurred, noisy, badly lit. */
import type { Grey } from '../../../src/images/grey.ts'
import type { CodeSymbol } from './symbols.ts'

type Point = [x: number, y: number]

/** A code on the picture: its corners (top left, top right, bottom right, bottom left) in pixels. */
export interface Placed {
  symbol: CodeSymbol
  corners: [Point, Point, Point, Point]
}

/** The corners of a code that stands upright in a rectangle, turned about its middle. */
export function upright(at: Point, size: Point, degrees = 0): Placed['corners'] {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  const corner = (right: number, down: number): Point => [
    at[0] + (cos * right * size[0] - sin * down * size[1]) / 2,
    at[1] + (sin * right * size[0] + cos * down * size[1]) / 2,
  ]
  return [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)]
}

/** What a camera does to a picture, in this order. */
export interface Effects {
  /** Light falls off from left to right: the brightness at the right edge, 0 to 1. */
  gradient?: number
  /** Radius of the blur in pixels. */
  blur?: number
  /** Amplitude of the noise. */
  noise?: number
  /** Dark is light. */
  invert?: boolean
  /** As in a mirror. */
  mirror?: boolean
  /** Least and greatest brightness. */
  contrast?: [low: number, high: number]
}

/** White paper with codes on it, each with a light margin of four modules. */
export function scene([width, height]: Point, placed: Placed[], effects: Effects = {}): Grey {
  const light = new Float32Array(width * height).fill(235)
  for (const each of placed) draw(light, [width, height], each)
  let picture = light
  if (effects.mirror) for (let row = 0; row < height; row++) picture.subarray(row * width, (row + 1) * width).reverse()
  if (effects.invert) picture = picture.map((value) => 255 - value)
  const { gradient = 1, noise = 0, contrast: [low, high] = [0, 255] } = effects
  for (let pass = 0; pass < 3 && effects.blur; pass++) picture = boxBlur(picture, [width, height], effects.blur / 1.7)
  const random = seeded(width * 31 + height)
  const data = new Uint8ClampedArray(picture.length)
  for (let at = 0; at < data.length; at++) {
    const shade = 1 - ((at % width) / width) * (1 - gradient)
    data[at] = (low + ((picture[at] ?? 0) * (high - low)) / 255) * shade + (random() - 0.5) * 2 * noise
  }
  return { width, height, data: new Uint8Array(data.buffer) }
}

/** A number between 0 and 1, the same ones each time. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Samples of a pixel in each direction: edges between modules are grey, as a camera has them. */
const samples = 2

function draw(light: Float32Array, [width, height]: Point, { symbol, corners }: Placed): void {
  const toSymbol = inverse(projection(corners))
  const xs = corners.map(([x]) => x)
  const ys = corners.map(([, y]) => y)
  const margin =
    (4 * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys))) /
    Math.min(symbol.width, symbol.height)
  const from: Point = [Math.floor(Math.min(...xs) - margin), Math.floor(Math.min(...ys) - margin)]
  const to: Point = [Math.ceil(Math.max(...xs) + margin), Math.ceil(Math.max(...ys) + margin)]
  for (let y = Math.max(0, from[1]); y < Math.min(height, to[1]); y++) {
    for (let x = Math.max(0, from[0]); x < Math.min(width, to[0]); x++) {
      let sum = 0
      for (let sample = 0; sample < samples * samples; sample++) {
        const dx = ((sample % samples) + 0.5) / samples
        const dy = (Math.floor(sample / samples) + 0.5) / samples
        sum += moduleAt(symbol, toSymbol, [x + dx, y + dy]) ?? light[y * width + x] ?? 0
      }
      light[y * width + x] = sum / samples ** 2
    }
  }
}

/** Brightness of the code there; undefined beyond its margin. */
function moduleAt({ width, height, data }: CodeSymbol, toSymbol: Matrix, point: Point): number | undefined {
  const [u, v] = apply(toSymbol, point)
  const column = Math.floor(u * width)
  const row = Math.floor(v * height)
  if (column < -4 || row < -4 || column >= width + 4 || row >= height + 4) return undefined
  if (column < 0 || row < 0 || column >= width || row >= height) return 240
  return data[row * width + column] === 0 ? 25 : 240
}

type Matrix = [number, number, number, number, number, number, number, number, number]

function apply([a, b, c, d, e, f, g, h, i]: Matrix, [x, y]: Point): Point {
  const depth = g * x + h * y + i
  return [(a * x + b * y + c) / depth, (d * x + e * y + f) / depth]
}

/** From the unit square to four corners (Heckbert, Fundamentals of texture mapping, 2.2.3). */
function projection([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]: Placed['corners']): Matrix {
  const [dx1, dx2, dx3] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3]
  const [dy1, dy2, dy3] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3]
  const area = dx1 * dy2 - dx2 * dy1
  const g = (dx3 * dy2 - dx2 * dy3) / area
  const h = (dx1 * dy3 - dx3 * dy1) / area
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1]
}

function inverse([a, b, c, d, e, f, g, h, i]: Matrix): Matrix {
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ]
}

function boxBlur(
  picture: Float32Array<ArrayBuffer>,
  [width, height]: Point,
  radius: number,
): Float32Array<ArrayBuffer> {
  return blurLines(
    blurLines(picture, { lines: height, length: width, step: 1, jump: width }, radius),
    { lines: width, length: height, step: width, jump: 1 },
    radius,
  )
}

interface Lines {
  lines: number
  length: number
  step: number
  jump: number
}

/** The mean of a window that may end within a pixel. */
function blurLines(
  picture: Float32Array,
  { lines, length, step, jump }: Lines,
  radius: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(picture.length)
  const whole = Math.floor(radius)
  const part = radius - whole
  for (let line = 0; line < lines; line++) {
    const value = (at: number) => picture[line * jump + Math.max(0, Math.min(length - 1, at)) * step] ?? 0
    for (let at = 0; at < length; at++) {
      let sum = part * (value(at - whole - 1) + value(at + whole + 1))
      for (let near = -whole; near <= whole; near++) sum += value(at + near)
      out[line * jump + at * step] = sum / (2 * radius + 1)
    }
  }
  return out
}
