/** A picture in grey: one byte a pixel, rows from the top, 0 is black. */
export interface Grey {
  width: number
  height: number
  data: Uint8Array
}

/** Luma of a colour, 0 to 255 (ITU-R BT.601, as JPEG has it), in whole numbers. */
export const lumaOf = (red: number, green: number, blue: number): number =>
  (306 * red + 601 * green + 117 * blue + 512) >> 10

/** A grey value on white paper; `alpha` 0 to 255, 0 shows the paper alone. */
export const onPaper = (grey: number, alpha: number): number => 255 - Math.trunc(((255 - grey) * alpha + 127) / 255)

/** Half the size: each pixel is the mean of four. */
export function halved({ width, height, data }: Grey): Grey {
  const half: Grey = { width: width >> 1, height: height >> 1, data: new Uint8Array((width >> 1) * (height >> 1)) }
  for (let y = 0, at = 0; y < half.height; y++) {
    let above = 2 * y * width
    for (let x = 0; x < half.width; x++, above += 2) {
      const below = above + width
      const sum = (data[above] ?? 0) + (data[above + 1] ?? 0) + (data[below] ?? 0) + (data[below + 1] ?? 0)
      half.data[at++] = (sum + 2) >> 2
    }
  }
  return half
}

/** Twice the size, between pixels in a straight line: modules of one pixel become wide enough to be told apart. */
export function doubled({ width, height, data }: Grey): Grey {
  const twice: Grey = { width: 2 * width, height: 2 * height, data: new Uint8Array(4 * width * height) }
  for (let y = 0, at = 0; y < twice.height; y++) {
    // The two rows that are nearest; a quarter of the weight is the farther one's.
    const near = y >> 1
    const far = Math.min(height - 1, Math.max(0, near + (y % 2 === 0 ? -1 : 1)))
    for (let x = 0; x < twice.width; x++) {
      const column = x >> 1
      const beside = Math.min(width - 1, Math.max(0, column + (x % 2 === 0 ? -1 : 1)))
      const nearRow = 3 * (data[near * width + column] ?? 0) + (data[near * width + beside] ?? 0)
      const farRow = 3 * (data[far * width + column] ?? 0) + (data[far * width + beside] ?? 0)
      twice.data[at++] = (3 * nearRow + farRow + 8) >> 4
    }
  }
  return twice
}

/** As seen in a mirror. */
export function mirrored({ width, height, data }: Grey): Grey {
  const other = data.slice()
  for (let y = 0; y < height; y++) other.subarray(y * width, (y + 1) * width).reverse()
  return { width, height, data: other }
}

/** Turned about its middle, clockwise, in the same frame; what comes from beyond is white. */
export function tilted({ width, height, data }: Grey, degrees: number): Grey {
  const out: Grey = { width, height, data: new Uint8Array(data.length) }
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const fromX = cos * (x - width / 2) + sin * (y - height / 2) + width / 2
      const fromY = -sin * (x - width / 2) + cos * (y - height / 2) + height / 2
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)]
      if (left < 0 || top < 0 || left >= width - 1 || top >= height - 1) {
        out.data[at] = 255
        continue
      }
      const [right, down] = [fromX - left, fromY - top]
      const from = top * width + left
      const above = (data[from] ?? 0) * (1 - right) + (data[from + 1] ?? 0) * right
      const below = (data[from + width] ?? 0) * (1 - right) + (data[from + width + 1] ?? 0) * right
      out.data[at] = above * (1 - down) + below * down
    }
  }
  return out
}

/** Edges made steeper, against blur: what differs from the mean of a pixel's surroundings is shown `amount` times more. */
export function sharpened(grey: Grey, radius: number, amount: number): Grey {
  const { width, height, data } = grey
  const mean = blurred(blurred(grey, radius), radius).data
  const sharp = new Uint8ClampedArray(data.length)
  for (let at = 0; at < data.length; at++) {
    const value = data[at] ?? 0
    sharp[at] = value + amount * (value - (mean[at] ?? 0))
  }
  return { width, height, data: new Uint8Array(sharp.buffer) }
}

/** Each pixel the mean of a square of `2 * radius + 1` pixels around it: against noise. */
export function blurred(grey: Grey, radius: number): Grey {
  return turned(meanOfRows(turned(meanOfRows(grey, radius)), radius))
}

function meanOfRows({ width, height, data }: Grey, radius: number): Grey {
  const out = new Uint8Array(data.length)
  const span = 2 * radius + 1
  for (let y = 0; y < height; y++) {
    const row = y * width
    const last = row + width - 1
    let sum = (radius + 1) * (data[row] ?? 0)
    for (let x = 1; x <= radius; x++) sum += data[Math.min(last, row + x)] ?? 0
    for (let at = row; at <= last; at++) {
      out[at] = sum / span
      sum += (data[Math.min(last, at + radius + 1)] ?? 0) - (data[Math.max(row, at - radius)] ?? 0)
    }
  }
  return { width, height, data: out }
}

/** Rows become columns. */
function turned({ width, height, data }: Grey): Grey {
  const out = new Uint8Array(data.length)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, to = y; x < width; x++, to += height) out[to] = data[at++] ?? 0
  }
  return { width: height, height: width, data: out }
}
