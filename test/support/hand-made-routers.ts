/** By what the live slot, blue, can be named. */
export interface SlotPlaces {
  readonly project: string;
  /** Address of the blue container. */
  readonly address: string;
  /** An address of the host, and the port of it that leads into blue. */
  readonly published: string;
}

/** A router as somebody has set it up by hand. The live slot is blue. */
export interface HandMadeRouter {
  readonly kind: string;
  /** Port on which users reach the app, as `pointsman.yml` has it. */
  readonly port: number;
  /** Absolute paths; `-> /path` is a symbolic link. */
  readonly files: (places: SlotPlaces) => Readonly<Record<string, string>>;
  /** What is asked before and after: `http://shop.example:5000/path`, by name of the host that is sent. */
  readonly asks: readonly string[];
}

const upstreams = `upstream blue {
    server app-blue:8000;
}
upstream green {
    server app-green:8000;
}
`;

const proxyHeaders = `proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`;

const usual = ['/', '/go', '/a/b%20c?d=e', '/static/x', '/api/items?page=2'];

const at = (base: string, paths: readonly string[] = usual): string[] => paths.map((path) => `${base}${path}`);

const own = '/etc/nginx/conf.d/default.conf';

/** Each differs from the others in kind. */
export const handMadeRouters: readonly HandMadeRouter[] = [
  {
    kind: 'both upstreams named',
    port: 5000,
    files: () => ({
      [own]: `${upstreams}server {
    listen 5000;
    client_max_body_size 20m;
    add_header X-Own-Header "it's \\"kept\\"" always;
    gzip on;
    location /static/ {
        default_type text/plain;
        return 200 "a file: \\\\ {$uri};\\n";
    }
    location /api/ {
        proxy_pass http://blue/v1/;
        proxy_read_timeout 10m;
    }
    location / {
        ${proxyHeaders}
        proxy_read_timeout 90s;
        proxy_pass http://blue;
    }
}
`,
    }),
    asks: [...at('http://shop.example:5000'), 'http://other.example:5000/'],
  },
  {
    kind: 'a variable and map',
    port: 5000,
    files: () => ({
      [own]: `${upstreams}map $host $active {
    default blue;
}
map $active $pool {
    blue blue;
    green green;
}
map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
}
map $uri $cache_for {
    default no-store;
    ~^/static/ "max-age=60";
}
server {
    listen 5000;
    add_header Cache-Control $cache_for always;
    location / {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-From router;
        proxy_pass http://$pool;
    }
    location /api/ {
        set $backend http://$pool;
        proxy_pass $backend;
    }
}
`,
    }),
    asks: at('http://shop.example:5000'),
  },
  {
    kind: 'an include that a script rewrites',
    port: 5000,
    files: () => ({
      '/etc/nginx/live/upstream.inc': 'upstream live {\n    server app-blue:8000;\n}\n',
      '/etc/nginx/common.inc': 'add_header X-Common yes always;\n',
      [own]: `include live/upstream.inc;
server {
    listen 5000;
    server_name _;
    include /etc/nginx/common.inc;
    location / {
        proxy_pass http://live;
    }
}
`,
    }),
    asks: at('http://shop.example:5000'),
  },
  {
    kind: 'a symlinked active.conf',
    port: 8080,
    files: () => ({
      '/etc/nginx/slots/blue.conf': `server {
    listen 8080;
    location / {
        proxy_pass http://app-blue:8000;
        ${proxyHeaders}
    }
    location = /old {
        return 301 /go;
    }
}
`,
      '/etc/nginx/slots/green.conf': 'server { listen 8080; location / { proxy_pass http://app-green:8000; } }\n',
      '/etc/nginx/conf.d/active.conf': '-> /etc/nginx/slots/blue.conf',
    }),
    asks: [...at('http://shop.example:8080'), 'http://shop.example:8080/old', 'http://shop.example:80/'],
  },
  {
    kind: 'TLS with redirect',
    port: 80,
    files: () => ({
      [own]: `upstream app {
    server app-blue:8000;
    keepalive 16;
}
server {
    listen 80;
    server_name shop.example;
    return 301 https://$host$request_uri;
}
server {
    listen 443 ssl;
    server_name shop.example;
    ssl_certificate /etc/nginx/tls/cert.pem;
    ssl_certificate_key /etc/nginx/tls/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    add_header Strict-Transport-Security "max-age=31536000" always;
    location / {
        proxy_pass http://app;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        ${proxyHeaders}
        proxy_set_header X-Forwarded-Proto $scheme;
    }
}
`,
    }),
    asks: [...at('http://shop.example:80'), ...at('https://shop.example:443'), 'https://unknown.example:443/'],
  },
  {
    kind: 'several vhosts',
    port: 5000,
    files: () => ({
      [own]: `server {
    listen 5000;
    server_name shop.example www.shop.example;
    location / {
        proxy_pass http://app-blue:8000;
        ${proxyHeaders}
    }
}
server {
    listen 5000;
    server_name *.example;
    root /usr/share/nginx/html;
    location /api/ {
        proxy_pass http://app-blue:8000;
    }
}
server {
    listen 5001;
    location / {
        proxy_pass http://app-blue:8000;
        proxy_set_header X-Admin yes;
    }
}
`,
    }),
    asks: [
      ...at('http://shop.example:5000'),
      ...at('http://other.example:5000'),
      ...at('http://unknown:5000'),
      ...at('http://admin.example:5001'),
    ],
  },
  {
    kind: 'a backup server in an upstream',
    port: 5000,
    files: () => ({
      [own]: `upstream app {
    server app-blue:8000 max_fails=3 fail_timeout=5s;
    server app-green:8000 backup;
    keepalive_timeout 4s;
}
server {
    listen 5000 default_server;
    listen [::]:5000 default_server;
    location / {
        proxy_pass http://app;
        proxy_next_upstream error timeout;
        proxy_buffering off;
        add_header X-Served-By router;
    }
}
`,
    }),
    asks: at('http://shop.example:5000'),
  },
  {
    kind: 'addresses and ports of the host in place of names',
    port: 5000,
    files: ({ address, published }) => ({
      [own]: `server {
    listen 5000;
    location / {
        proxy_pass http://${address}:8000;
        ${proxyHeaders}
    }
    location /api/ {
        proxy_pass http://${published};
    }
}
`,
    }),
    asks: at('http://shop.example:5000'),
  },
  {
    kind: 'nginx.conf itself mounted',
    port: 5000,
    files: () => ({
      '/etc/nginx/nginx.conf': `events {}
http {
    upstream app { server app-blue:8000; }
    server {
        listen 5000;
        location / { proxy_pass http://app; }
    }
}
`,
    }),
    asks: at('http://shop.example:5000'),
  },
  {
    kind: 'one slot by service, one by container',
    port: 5000,
    files: ({ project }) => ({
      [own]: `upstream one { server ${project}-app-blue-1:8000; }
upstream other { server app-green:8000; }
server {
    listen 5000;
    access_log off;
    error_page 502 504 /sorry.html;
    location = /sorry.html { internal; root /usr/share/nginx/html; }
    location /admin/ {
        auth_basic "staff only";
        auth_basic_user_file /etc/nginx/nobody;
        proxy_pass http://one;
    }
    location ~* \\.(?:png|x)$ {
        proxy_pass http://one;
        expires 1h;
    }
    location / {
        proxy_pass http://one;
    }
}
`,
    }),
    asks: [...at('http://shop.example:5000'), 'http://shop.example:5000/admin/', 'http://shop.example:5000/a.png'],
  },
];
