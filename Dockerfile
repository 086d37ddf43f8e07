# Three stages: the native library, the service, and a runtime that holds both. docs/container.md tells how to run the image.

# Built against an older C library than the runtime's, which is Ubuntu 24.04's: glibc only promises that way round. This stage runs
# on the architecture of the image, because Go is a C program here; it can be emulated, or another machine's.
FROM debian:bookworm-slim AS native
WORKDIR /source
COPY scripts/setup.sh scripts/
COPY native-build/Makefile native-build/
COPY native-build/packages native-build/packages
RUN scripts/setup.sh --native
COPY native-build native-build
# What the runtime lacks, and whose code it is, go along with the library.
RUN --mount=type=cache,id=go-build,target=/root/.cache/go-build \
    make -s -C native-build build notices \
 && mkdir -p /libraries /volumes/data /volumes/recordings \
 && cp -L /usr/lib/*/libopus.so.0 /usr/lib/*/libspeexdsp.so.1 /libraries/

# The service is the same for every architecture, so this stage always runs on the builder's own.
FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0-noble AS service
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY src/*/*.csproj src/
RUN for project in src/*.csproj; do folder=${project%.csproj} && mkdir "$folder" && mv "$project" "$folder/"; done
RUN dotnet restore src/Gateway
COPY appsettings.json ./
COPY src src
COPY tools/Stream.CodeGen/spec tools/Stream.CodeGen/spec
COPY native-build/proto native-build/proto
COPY --from=native /source/native-build/build/librtc.so native-build/build/librtc.so
RUN dotnet publish src/Gateway -c Release --no-restore -o /service

# Nothing runs in this stage: there is no shell in it, and no package manager.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Stream Gateway" \
      org.opencontainers.image.description="Stream's chat, video calls, feeds and moderation for every language, over plain HTTP" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION
COPY --from=native /libraries /usr/lib
COPY --from=native /source/native-build/build/notices /usr/share/doc/stream-gateway
# The user of .NET's images, by number: Kubernetes tells by it that it is not root.
COPY --from=native --chown=1654:1654 /volumes /
COPY --from=service /service /service
WORKDIR /service
USER 1654
# Sockets are taken up on the thread that saw them (docs/mirror.md, Speed). Diagnostics would want a writable /tmp.
ENV Server__Address=* PORT=8080 \
    Recordings__Directory=/recordings LOCAL_STREAM_DATA=/data/stream.json LOCAL_STREAM_MEDIA_PORT=8092 \
    DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 DOTNET_EnableDiagnostics=0
VOLUME ["/data", "/recordings"]
# The gateway; the embedded Stream's REST API, signaling and media, which listen on loopback unless asked.
EXPOSE 8080 8090 8091 8092/udp
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s CMD ["dotnet", "Gateway.dll", "--health"]
ENTRYPOINT ["dotnet", "Gateway.dll"]
