// Downloads a file in the page itself, so that it can be seen how far it is, and stopped.
let controller = null;

export async function exportFile(url, name, page) {
  controller?.abort();
  controller = new AbortController();
  try {
    const response = await fetch(url, { signal: controller.signal, credentials: 'same-origin' });
    if (!response.ok || response.redirected) return `The server answered ${response.status}; nothing was exported.`;
    const known = response.headers.get('X-Dograh-Count');
    const total = known === null ? null : Number(known);
    const reader = response.body.getReader();
    const parts = [];
    // Of a CSV the first line is no delivery.
    let lines = name.endsWith('.csv') ? -1 : 0;
    let told = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      for (const byte of value) if (byte === 10) lines++;
      if (performance.now() - told > 250) {
        told = performance.now();
        await page.invokeMethodAsync('Progress', Math.max(lines, 0), total);
      }
    }
    // A text of several lines in a cell counts more than one.
    await page.invokeMethodAsync('Progress', total ?? Math.max(lines, 0), total);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob(parts, { type: response.headers.get('Content-Type') }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    return null;
  } catch (e) {
    return e.name === 'AbortError' ? 'Stopped; nothing was exported.' : `The export broke off: ${e.message}. Nothing was saved.`;
  } finally {
    controller = null;
  }
}

export function stopExport() {
  controller?.abort();
}
