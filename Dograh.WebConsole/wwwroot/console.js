// What a page needs of its browser. No framework, no other host.
(() => {
  'use strict';

  const year = 365 * 24 * 3600;

  const isDark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
  };

  window.dograh = {
    changeTheme() {
      const theme = isDark() ? 'light' : 'dark';
      document.documentElement.dataset.theme = theme;
      const secure = location.protocol === 'https:' ? '; secure' : '';
      document.cookie = `dograh-theme=${theme}; path=/; max-age=${year}; samesite=lax${secure}`;
    },

    async copy(text) {
      if (navigator.clipboard) {
        try {
          await navigator.clipboard.writeText(text);
          return true;
        } catch {
          // Not allowed here: the older way may be.
        }
      }
      const area = document.createElement('textarea');
      area.value = text;
      area.style.cssText = 'position: fixed; opacity: 0';
      document.body.append(area);
      area.select();
      try {
        return document.execCommand('copy');
      } finally {
        area.remove();
      }
    },

    interactive() {
      document.documentElement.dataset.interactive = '';
    },

    isVisible: () => document.visibilityState === 'visible',
  };

  document.getElementById('reconnecting-reload')?.addEventListener('click', () => location.reload());

  // One connection and no negotiation before it: whichever replica it reaches can serve it, so that no balancer has to be sticky.
  Blazor.start({
    circuit: {
      configureSignalR: builder => builder.withUrl('_blazor', { skipNegotiation: true, transport: 1 }),
      reconnectionOptions: { maxRetries: 100000, retryIntervalMilliseconds: attempt => Math.min(250 * 2 ** attempt, 5000) },
    },
  });
})();
